import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireKeyOptions } from '../../src/api/access/key-schema.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { OperatorClient } from '../../src/local/operator-client.ts';
import { LONG_RUN } from '../long-run.ts';
import { serveDefaultModel } from './serve-default-model.ts';

const run = promisify(execFile);
const hasSchemathesis = await run('schemathesis', ['--version']).then(
  () => true,
  () => false,
);
if (!hasSchemathesis) console.warn('Skipped: there is no schemathesis here. "pip install schemathesis" brings it.');

interface Document {
  openapi: string;
  components: { schemas: Record<string, unknown> };
  paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
}

describe('/openapi.json', () => {
  let worker: LocalWorker;
  beforeAll(async () => {
    worker = await serveDefaultModel();
  });
  afterAll(() => worker.stop());

  it('should declare every route and every status of its answers', async () => {
    const answer = await fetch(new URL('/openapi.json', worker.url));
    const { openapi, paths, components } = (await answer.json()) as Document;
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(['Completion', 'ChatCompletionChunk', 'Error']));
    const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
    expect(routes.toSorted()).toEqual(
      [
        'delete /v1/files/{id}',
        'get /health',
        'get /ready',
        'get /v1/batches',
        'get /v1/batches/{id}',
        'get /v1/files',
        'get /v1/files/{id}',
        'get /v1/files/{id}/content',
        'get /v1/engine',
        'post /v1/engine/stop',
        'get /v1/models',
        'get /v1/models/{id}',
        'get /v1/chat/completions/{id}',
        'get /v1/chat/completions/{id}/stream',
        'get /v1/completions/{id}',
        'get /v1/completions/{id}/stream',
        'post /detokenize',
        'post /tokenize',
        'post /v1/batches',
        'post /v1/batches/{id}/cancel',
        'post /v1/chat/completions',
        'post /v1/completions',
        'post /v1/decisions',
        'post /v1/embeddings',
        'post /v1/files',
        'post /v1/next-token',
        'post /v1/responses',
        'post /v1/responses/{id}/cancel',
        'get /v1/responses/{id}',
        'get /v1/responses/{id}/input_items',
        'delete /v1/responses/{id}',
        'delete /v1/completions/{id}',
        'delete /v1/chat/completions/{id}',
      ].toSorted(),
    );
    const withBody = ['200', '400', '401', '403', '404', '405', '408', '413', '415', '429', '500', '503'];
    const statuses: Record<string, string[]> = {
      'get /health': ['200', '405', '500'],
      'get /ready': ['200', '405', '500', '503'],
      'get /v1/engine': ['200', '401', '403', '405', '429', '500', '503'],
      ...Object.fromEntries(
        ['get /v1/files/{id}', 'get /v1/files/{id}/content', 'delete /v1/files/{id}', 'get /v1/batches/{id}'].map((route) => [
          route,
          ['200', '401', '403', '404', '405', '429', '500', '503'],
        ]),
      ),
      'post /v1/engine/stop': ['200', '400', '401', '403', '404', '405', '408', '413', '415', '429', '500', '503'],
      'get /v1/files': ['200', '400', '401', '403', '405', '429', '500', '503'],
      'post /v1/files': ['200', '400', '401', '403', '405', '408', '413', '415', '429', '500', '503'],
      'get /v1/batches': ['200', '400', '401', '403', '404', '405', '429', '500', '503'],
      'post /v1/batches/{id}/cancel': ['200', '400', '401', '403', '404', '405', '429', '500', '503'],
      'get /v1/models': ['200', '401', '403', '405', '429', '500', '503'],
      'get /v1/models/{id}': ['200', '401', '403', '404', '405', '429', '500', '503'],
      ...Object.fromEntries(
        [
          ...['/v1/completions', '/v1/chat/completions'].flatMap((path) => [
            `get ${path}/{id}`,
            `get ${path}/{id}/stream`,
            `delete ${path}/{id}`,
          ]),
          ...['get /v1/responses/{id}', 'get /v1/responses/{id}/input_items'],
          ...['delete /v1/responses/{id}', 'post /v1/responses/{id}/cancel'],
        ].map((route) => [route, ['200', '400', '401', '403', '404', '405', '429', '500', '503']]),
      ),
    };
    for (const [path, methods] of Object.entries(paths))
      for (const [method, { responses }] of Object.entries(methods))
        expect(Object.keys(responses), path).toEqual(statuses[`${method} ${path}`] ?? withBody);
  });

  // schemathesis would like every request that a schema allows to be accepted. A schema cannot express everything that
  // is refused, such as a token beyond this model's vocabulary or stream options without a stream, so that check is
  // left out.
  it.skipIf(!hasSchemathesis)('should hold for all requests that schemathesis generates', { timeout: 300_000 }, () =>
    expectNoFailures(worker.url),
  );

  it.skipIf(!hasSchemathesis || !LONG_RUN)('should hold with a key, where one is asked for', { timeout: 600_000 }, async () => {
    const operator = 'operator-key-of-the-tests-0123456789abcdef';
    const keyed = await serveDefaultModel({ PUBLIC: 'false', PUBLIC_LIMITS: '', OPERATOR_KEY: operator });
    try {
      const { key } = await new OperatorClient(keyed.url.origin, operator).createKey({ name: 'schemathesis' } as WireKeyOptions);
      await expectNoFailures(keyed.url, ['--header', `Authorization: Bearer ${key}`]);
    } finally {
      await keyed.stop();
    }
  });
});

async function expectNoFailures(worker: URL, more: readonly string[] = []): Promise<void> {
  const checks = ['--checks', 'all', '--exclude-checks', 'positive_data_acceptance'];
  const bounds = [
    '--phases',
    'examples,coverage,fuzzing',
    '--max-examples',
    LONG_RUN ? '40' : '15',
    '--seed',
    '1',
    '--request-timeout',
    '60',
  ];
  // Whoever is not the operator gets 401 there, for any method.
  const operator = ['--exclude-path', '/v1/engine/stop'];
  const url = new URL('/openapi.json', worker).href;
  // schemathesis leaves a folder in the directory where it runs.
  const cwd = await mkdtemp(join(tmpdir(), 'gpt-edge-schemathesis-'));
  const { stdout } = await run('schemathesis', ['run', url, ...checks, ...bounds, ...operator, ...more], { cwd }).catch(
    (failed: { stdout: string }) => failed,
  );
  await rm(cwd, { recursive: true });
  expect(stdout).toMatch(/Test cases:\s+\d+ generated/);
  expect(stdout).not.toContain('FAILURES');
}
