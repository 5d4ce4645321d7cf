import { describe, expect, it } from 'vitest';
import { type Configuration, findings } from '../../src/local/doctor/check-configuration.ts';
import { runCli } from '../cli/run-cli.ts';

const GOOD: Configuration = {
  compatibility_flags: ['enable_request_signal'],
  vars: { MODEL_IDS: 'a-model', DAILY_BUDGET: '1000000' },
  r2_buckets: [{ binding: 'MODELS' }],
  durable_objects: { bindings: [{ name: 'ACCESS', class_name: 'AccessObject' }] },
  migrations: [{ new_sqlite_classes: ['AccessObject'] }],
  observability: { enabled: true },
};
const ENTRY = "export { AccessObject, default } from 'gpt-edge/worker';";

const problems = (config: Configuration, entry = ENTRY) =>
  findings(config, entry)
    .filter(({ level }) => level !== 'ok')
    .map(({ level, text }) => `${level}: ${text}`);

describe('gpt-edge doctor', () => {
  it('should find nothing wrong with a complete configuration', () => {
    expect(problems(GOOD)).toEqual([]);
  });

  const vars = (changes: Record<string, string>): Configuration => ({ ...GOOD, vars: { ...GOOD.vars, ...changes } });
  it.each<[string, Configuration, RegExp, string?]>([
    ['a missing bucket', { ...GOOD, r2_buckets: [] }, /^error: There is no R2 bucket/],
    ['a missing object', { ...GOOD, durable_objects: { bindings: [] } }, /^error: There is no Durable Object with the binding ACCESS/],
    ['a missing migration', { ...GOOD, migrations: [] }, /^error: No migration names AccessObject/],
    [
      'a class that is not exported',
      GOOD,
      /^error: The Worker's entry does not export AccessObject/,
      "export { default } from 'gpt-edge/worker';",
    ],
    ['a missing flag', { ...GOOD, compatibility_flags: [] }, /^error: .*enable_request_signal is missing/],
    ['a missing log', { ...GOOD, observability: {} }, /^warning: \[observability\] is not enabled/],
    ['a wrong variable', vars({ QUEUE_LIMIT: 'many' }), /^error: Scheduling: QUEUE_LIMIT must be/],
    ['wrong limits', vars({ PUBLIC_LIMITS: 'requests=1' }), /^error: Access: PUBLIC_LIMITS must be off, or limits/],
    ['a wrong budget', vars({ DAILY_BUDGET: 'five' }), /^error: Access: DAILY_BUDGET must be/],
    ['no budget', vars({ DAILY_BUDGET: '' }), /^warning: DAILY_BUDGET is not set/],
    ['dollars without prices', vars({ DAILY_BUDGET: '$5' }), /^error: DAILY_BUDGET is in dollars/],
    ['an open door', vars({ PUBLIC: 'true', PUBLIC_LIMITS: 'off' }), /^warning: The deployment answers everyone/],
    ['a secret in the file', vars({ OPERATOR_KEY: 'x'.repeat(40) }), /^error: OPERATOR_KEY stands in wrangler.toml/],
  ])('should find %s', (_, config, problem, entry) => {
    expect(problems(config, entry)).toEqual([expect.stringMatching(problem)]);
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
});
