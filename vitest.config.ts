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

/** Tests that start servers, browsers and commands; the others of Node compute alone, so that two run at once. */
const PROCESSES = ['cli', 'http', 'library', 'local', 'page'].map((folder) => `test/${folder}/**/*.test.ts`);

/**
 * Tests in workerd that ask what a fresh isolate does: which models are loaded, what was counted, what is cached. The
 * others share one isolate, because it takes seconds to evaluate the whole Worker for each file.
 */
const FRESH_ISOLATE = [
  'test/workerd/faults/**/*.test.ts',
  ...[
    ...['adapters', 'several-models', 'storage', 'versions', 'window', 'wrong-variable'],
    ...['engine-state', 'faults', 'places', 'shared-isolate', 'slices', 'stop', 'versions'].map((name) => `engine-object/${name}`),
    ...['endpoints', 'fill-in-the-middle', 'sharing', 'template-options'].map((name) => `api/${name}`),
    'access/operator',
  ].map((name) => `test/workerd/${name}.test.ts`),
];

const workerd = cloudflareTest({
  wrangler: { configPath: './wrangler.toml' },
  miniflare: {
    bindings: { PUBLIC: 'true', PUBLIC_LIMITS: 'off', LOG_REQUESTS: 'false', LONG_TESTS: process.env.GPT_EDGE_LONG_TESTS ?? '' },
    serviceBindings: { FILES: serveFile },
    ratelimits: { TEST_RATE_LIMITER: { namespace_id: '1', simple: { limit: 3, period: 60 } } },
  },
});
const timeouts = { testTimeout: 120_000, hookTimeout: 60_000 };

// The examples import the package by its name, as its users do; here the name stands for the sources.
const resolve = { alias: { 'gpt-edge/local': join(import.meta.dirname, 'src/library/local.ts') } };

export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          ...timeouts,
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [...PROCESSES, 'test/readme.test.ts', 'test/workerd/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve,
        test: {
          ...timeouts,
          name: 'processes',
          include: [...PROCESSES, 'test/readme.test.ts', 'examples/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        plugins: [workerd],
        test: {
          ...timeouts,
          name: 'workerd',
          include: ['test/workerd/**/*.test.ts'],
          exclude: FRESH_ISOLATE,
          isolate: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        plugins: [workerd],
        test: { ...timeouts, name: 'fresh-isolate', include: FRESH_ISOLATE, maxWorkers: 1, sequence: { groupOrder: 3 } },
      },
    ],
  },
});
