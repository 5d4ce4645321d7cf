import { readFile } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { Response } from 'miniflare';
import { defineConfig } from 'vitest/config';

/** Serves this project's files to the tests inside workerd, which put them into the local bucket. */
async function serveFile(request: { url: string }) {
  const path = join(import.meta.dirname, normalize(decodeURIComponent(new URL(request.url).pathname)));
  const bytes = await readFile(path).catch(() => null);
  return bytes ? new Response(bytes) : new Response(`no file ${path}`, { status: 404 });
}

export default defineConfig({
  test: {
    projects: [
      {
        // The examples import the package by its name, as its users do; here the name stands for the sources.
        resolve: { alias: { 'gpt-edge/local': join(import.meta.dirname, 'src/library/local.ts') } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: ['test/workerd/**', '**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: { PUBLIC: 'true', PUBLIC_LIMITS: 'off', LOG_REQUESTS: 'false' },
              serviceBindings: { FILES: serveFile },
              ratelimits: { TEST_RATE_LIMITER: { namespace_id: '1', simple: { limit: 3, period: 60 } } },
            },
          }),
        ],
        test: { name: 'workerd', include: ['test/workerd/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 },
      },
    ],
  },
});
