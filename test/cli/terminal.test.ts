import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { PROJECT } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

const CLI = join(PROJECT, 'bin', 'gpt-edge.js');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-terminal-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command whose output is read no further than its first piece, as `head` does. */
function runIntoHead(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args]);
  child.stdout.once('data', () => child.stdout.destroy());
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

describe('gpt-edge in a terminal', { timeout: 120_000 }, () => {
  it('should end without a word when nobody reads on', async () => {
    const { code, stderr } = await runIntoHead(['complete', 'Once upon a time', '--seed', '1', '--persist-to', join(folder, 'state')]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(await runIntoHead(['list', '--persist-to', join(folder, 'state')])).toEqual({ code: 0, stderr: '' });
  });

  it('should print its version', async () => {
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });

  it.each(['start', 'deploy', 'complete'])('should show no empty default in the help of %s', async (command) => {
    const { stdout } = await runCli([command, '--help']);
    expect(stdout).toContain('--model <folder>');
    expect(stdout).not.toMatch(/default: (\[\]|\{\}|undefined)/);
  });

  it.each([['deploy'], ['push', join(PROJECT, 'model-assets', 'tinystories-gpt2'), '--remote'], ['list', '--remote']])(
    'should say in one line that nobody is logged in: %s',
    async (...args) => {
      const { CLOUDFLARE_API_TOKEN: _token, CLOUDFLARE_API_KEY: _key, ...env } = process.env;
      const { code, stderr } = await runCli(args, undefined, { ...env, HOME: folder, XDG_CONFIG_HOME: folder });
      expect(code).toBe(1);
      expect(stderr).toMatch(/^gpt-edge: [^\n]*nobody is logged in to Cloudflare here\. Run npx wrangler login first[^\n]*\n$/);
    },
  );

  it('should say in one line what the system refuses, without a stack', async () => {
    const { code, stderr } = await runCli(['list', '--persist-to', join(PROJECT, 'package.json', 'state')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gpt-edge: ENOTDIR: [^\n]*package\.json[^\n]*\n$/);
  });
});
