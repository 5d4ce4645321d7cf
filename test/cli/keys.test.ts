import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

let state: string;
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'gpt-edge-keys-'));
});
afterAll(() => rm(state, { recursive: true, force: true }));

const PORT = 18821;
const ORIGIN = `http://127.0.0.1:${PORT}`;
const OPERATOR_KEY = 'an-operator-key-of-this-test-0123456789';

const keys = (args: string[], env = process.env) => runCli(['keys', ...args], undefined, env);
const local = (...args: string[]) => keys([...args, '--persist-to', state]);
const status = async (key: string) => (await fetch(`${ORIGIN}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;

/** Starts a Worker that asks for keys, and calls `use` while it runs. */
async function whileItRuns(use: () => Promise<void>): Promise<void> {
  const args = ['start', '--port', String(PORT), '--persist-to', state, '--var', 'PUBLIC=false', '--var', `OPERATOR_KEY=${OPERATOR_KEY}`];
  const { code, stderr } = await runCli(args, (stdout) => (stdout.includes('Ctrl+C') ? use() : undefined));
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
}

describe('gpt-edge keys', { timeout: 180_000 }, () => {
  it('should create a key while no Worker runs, which counts when one does, until it is revoked or rotated', async () => {
    const created = await local('create', '--name', 'my server', '--requests-per-minute', '50', '--expires', '90d');
    expect(created.code, created.stderr).toBe(0);
    const key = created.stdout.trim();
    expect(created.stdout).toMatch(/^ge_sk_[0-9a-f]{16}_[0-9a-f]{64}\n$/);
    const [, , id] = key.split('_');
    expect(created.stderr).toBe(
      `This is the only time that the key is shown. It is for servers: keep it out of pages and repositories. Its id is ${id}.\n`,
    );
    await whileItRuns(async () => {
      expect([await status(key), await status('wrong')]).toEqual([200, 401]);
      // The Worker that runs is asked, and so knows at once.
      const rotated = await local('rotate', id, '--grace', '0');
      const next = rotated.stdout.trim();
      expect([await status(key), await status(next)]).toEqual([401, 200]);
      expect(((await stat(join(state, 'gpt-edge-operator.json'))).mode & 0o777).toString(8)).toBe('600');
      // A deployment is asked in the same way, with the operator's key from the environment.
      const remote = (...args: string[]) => keys([...args, '--remote', ORIGIN], { ...process.env, OPERATOR_KEY });
      const { stdout: list } = await remote('list');
      expect(list).toMatch(
        new RegExp(
          `^id +kind +name +state +may use +limits +today\\n${id} +secret +my server +until 20\\d\\d-.* +all +requests_per_minute=50 +\\d requests, 0 tokens\\n$`,
        ),
      );
      expect(list).not.toContain(next.split('_')[3]);
      expect(await remote('revoke', id)).toMatchObject({
        code: 0,
        stdout: `The key ${id} (my server) is revoked, and refused from now on.\n`,
      });
      expect(await status(next)).toBe(401);
      const checked = await runCli(['doctor', '--remote', ORIGIN], undefined, { ...process.env, OPERATOR_KEY });
      expect(checked.code, checked.stdout).toBe(0);
      expect(checked.stdout).toContain("It asks for a key.\nok      The operator's key opens the keys and the metrics.\n");
      const other = await keys(['list', '--remote', ORIGIN], { ...process.env, OPERATOR_KEY: 'x'.repeat(40) });
      expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/^gpt-edge: This is for the operator/) });
    });
    const { stdout } = await local('list');
    expect(stdout).toMatch(/revoked 20\d\d-/);
    // Nothing of the secret is in the state.
    const { stdout: found } = await local('list');
    expect(found).not.toContain(key.split('_')[3]);
  });

  it('should create a publishable key for its origins', async () => {
    const { stdout, stderr } = await local('create', '--name', 'page', '--publishable', '--origin', 'https://app.example');
    expect(stdout).toMatch(/^ge_pk_/);
    expect(stderr).toContain('Pages of https://app.example may use it.');
  });

  it.each([
    [['create', '--name', 'x', '--publishable'], /a publishable key needs at least one origin/],
    [['create', '--name', 'x', '--origin', 'app.example'], /must be an origin/],
    [['create', '--name', 'x', '--expires', '2001-01-01'], /A time from now/],
    [['create'], /required option '--name <text>'/],
    [['revoke', '0000000000000000'], /There is no live key 0000000000000000/],
  ])('should refuse %j', async (args, message) => {
    const { code, stdout, stderr } = await local(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('should send the operator’s key nowhere in clear text, and not without knowing where', async () => {
    const env = { ...process.env, OPERATOR_KEY };
    expect((await keys(['list', '--remote', 'http://example.com'], env)).stderr).toMatch(/must begin with https:/);
    expect((await keys(['list', '--remote'], env)).stderr).toMatch(/Where the deployment answers is not known/);
    expect((await keys(['list', '--remote', 'https://example.com'])).stderr).toMatch(/The environment has no OPERATOR_KEY/);
    expect(await readFile(join(state, 'gpt-edge-operator.json'), 'utf8')).toContain(ORIGIN);
  });
});
