import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listVersions } from '../../src/local/bucket/model-versions.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import { removeFromBucket } from '../../src/local/bucket/remove-from-bucket.ts';
import { findings } from '../../src/local/doctor/check-configuration.ts';
import { checkReady, deployedOrigin, waitUntilReady } from '../../src/local/doctor/check-ready.ts';
import type { Configuration } from '../../src/local/doctor/configuration.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { serveModels } from '../../src/local/serve-models.ts';
import { runCli } from '../cli/run-cli.ts';

const GOOD: Configuration = {
  compatibility_flags: ['enable_request_signal'],
  vars: { MODEL_IDS: 'a-model', DAILY_BUDGET: '1000000' },
  r2_buckets: [{ binding: 'MODELS' }],
  durable_objects: {
    bindings: [
      { name: 'ACCESS', class_name: 'AccessObject' },
      { name: 'BATCHES', class_name: 'BatchObject' },
    ],
  },
  migrations: [{ new_sqlite_classes: ['AccessObject', 'BatchObject'] }],
  queues: {
    producers: [{ binding: 'BATCH_QUEUE', queue: 'batches' }],
    consumers: [{ queue: 'batches', dead_letter_queue: 'dead' }, { queue: 'dead' }],
  },
  observability: { enabled: true },
};
const OPERATOR_KEY = 'an-operator-of-the-tests-0123456789abcdef';
const ENTRY = "export { AccessObject, BatchObject, default } from 'gpt-edge/worker';";

const problems = (config: Configuration, entry = ENTRY) =>
  findings(config, entry)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, text }) => `${level}: ${text}`);

describe('gpt-edge doctor', () => {
  it('should find nothing wrong with a complete configuration', () => {
    expect(problems(GOOD)).toEqual([]);
  });

  const [access, batches] = GOOD.durable_objects.bindings;
  const queues = (...consumers: { queue: string; dead_letter_queue?: string }[]): Configuration => ({
    ...GOOD,
    queues: { ...GOOD.queues, consumers },
  });
  const vars = (changes: Record<string, string>): Configuration => ({ ...GOOD, vars: { ...GOOD.vars, ...changes } });
  it.each<[string, Configuration, RegExp, string?]>([
    ['a missing bucket', { ...GOOD, r2_buckets: [] }, /^error: There is no R2 bucket/],
    [
      'a missing object',
      { ...GOOD, durable_objects: { bindings: [batches] } },
      /^error: There is no Durable Object with the binding ACCESS/,
    ],
    [
      'missing objects of batches',
      { ...GOOD, durable_objects: { bindings: [access] } },
      /^error: There is no Durable Object with the binding BATCHES/,
    ],
    ['a missing queue', { ...GOOD, queues: {} }, /^error: There is no queue with the binding BATCH_QUEUE/],
    ['a queue without a consumer', queues(), /^error: Nobody consumes the queue batches/],
    ['a queue without dead letters', queues({ queue: 'batches' }), /^warning: The queue batches has no dead_letter_queue/],
    [
      'dead letters without a consumer',
      queues({ queue: 'batches', dead_letter_queue: 'dead' }),
      /^error: Nobody consumes the queue dead of dead letters/,
    ],
    ['a missing migration', { ...GOOD, migrations: [{ new_sqlite_classes: ['BatchObject'] }] }, /^error: No migration names AccessObject/],
    [
      'a class that is not exported',
      GOOD,
      /^error: The Worker's entry does not export AccessObject/,
      "export { BatchObject, default } from 'gpt-edge/worker';",
    ],
    ['a missing flag', { ...GOOD, compatibility_flags: [] }, /^error: .*enable_request_signal is missing/],
    ['a missing log', { ...GOOD, observability: {} }, /^warning: \[observability\] is not enabled/],
    ['a wrong variable', vars({ QUEUE_LIMIT: 'many' }), /^error: Scheduling: QUEUE_LIMIT must be/],
    ['a wrong cap of batches', vars({ BATCH_LINES: '0' }), /^error: Batches: BATCH_LINES must be/],
    ['a wrong CPU budget', vars({ CPU_BUDGET_MS: '0' }), /^error: CPU_BUDGET_MS: /],
    ['a wrong time of sessions', vars({ SESSION_SECONDS: 'long' }), /^error: SESSION_SECONDS: /],
    ['wrong limits', vars({ PUBLIC_LIMITS: 'requests=1' }), /^error: Access: PUBLIC_LIMITS must be off, or limits/],
    ['a wrong budget', vars({ DAILY_BUDGET: 'five' }), /^error: Access: DAILY_BUDGET must be/],
    ['no budget', vars({ DAILY_BUDGET: '' }), /^warning: DAILY_BUDGET is not set/],
    ['dollars without prices', vars({ DAILY_BUDGET: '$5' }), /^error: DAILY_BUDGET is in dollars/],
    ['an open door', vars({ PUBLIC: 'true', PUBLIC_LIMITS: 'off' }), /^warning: The deployment answers everyone/],
    ['a secret in the file', vars({ OPERATOR_KEY: 'x'.repeat(40) }), /^error: OPERATOR_KEY stands in wrangler.toml/],
  ])('should find %s', (_, config, problem, entry) => {
    expect(problems(config, entry)).toEqual([expect.stringMatching(problem)]);
  });

  it('should say that batches are off where nothing is bound for them', () => {
    const off = { ...GOOD, durable_objects: { bindings: [access] }, queues: undefined };
    expect(findings(off, ENTRY)).toContainEqual({ level: 'ok', text: expect.stringContaining('/v1/batches answer 501') });
  });

  it('should check this project, and a deployment that does not answer', { timeout: 60_000 }, async () => {
    const here = await runCli(['doctor']);
    expect(here).toMatchObject({ code: 0, stderr: '' });
    expect(here.stdout).toMatch(
      /^ok +The configuration is .*wrangler\.toml\.\nok +All variables have valid values\.\nok +The bucket and the objects are bound\./,
    );
    const there = await runCli(['doctor', '--remote', 'http://127.0.0.1:9']);
    expect(there.code).toBe(1);
    expect(there.stdout).toMatch(/error +http:\/\/127\.0\.0\.1:9 does not answer/);
  });

  describe('asked about a deployment', () => {
    let folder: string;
    let worker: LocalWorker;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gpt-edge-doctor-'));
      worker = await serveModels({ persistTo: folder, vars: { PUBLIC: 'false', OPERATOR_KEY } });
    });
    afterAll(async () => {
      await worker.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('should say which version of each model it serves, or why it cannot', async () => {
      const { origin } = worker.url;
      const [{ version }] = await listVersions(worker.models.bucket, 'tinystories-gpt2');
      expect(await checkReady(origin, OPERATOR_KEY)).toEqual([{ level: 'ok', text: `tinystories-gpt2@${version} can be loaded.` }]);
      await removeFromBucket(worker.models.bucket, 'tinystories-gpt2');
      // A pointer counts for some seconds, and so does an answer.
      const failed = { level: 'error', text: expect.stringMatching(/^tinystories-gpt2.* cannot be served: /) };
      await expect.poll(() => checkReady(origin, OPERATOR_KEY), { timeout: 30_000, interval: 500 }).toEqual([failed]);
      expect(await waitUntilReady(origin, undefined, 20, 5)).toEqual([failed]);
      await pushModel({ path: DEFAULT_MODEL }, worker.models);
      expect(await waitUntilReady(origin, undefined, 30_000, 500)).toEqual([
        { level: 'ok', text: expect.stringMatching(/^tinystories-gpt2@[0-9a-f]{12} can be loaded\.$/) },
      ]);
    });

    it('should know what is no answer of gpt-edge', async () => {
      const server = createServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect(await checkReady(origin, undefined)).toEqual([
        { level: 'error', text: `${origin}/ready answers 200, and not as gpt-edge does.` },
      ]);
      server.close();
    });
  });
});

it.each([
  ['Deployed gpt-edge triggers (1 sec)\n  https://gpt-edge.me.workers.dev\nCurrent Version ID: 1', 'https://gpt-edge.me.workers.dev'],
  ['Deployed gpt-edge triggers\n  gpt.example.com (custom domain)\n  https://gpt-edge.me.workers.dev', 'https://gpt.example.com'],
  ['Uploaded gpt-edge', undefined],
])('should find the address of a deployment in what wrangler prints: %j', (printed, origin) => {
  expect(deployedOrigin(printed)).toBe(origin);
});
