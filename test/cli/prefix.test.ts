import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

describe('gpt-edge prefix', () => {
  let folder: string;
  let model: string;
  let text: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-test-'));
    model = join(folder, 'model');
    text = join(folder, 'text.txt');
    await cp(DEFAULT_MODEL, model, { recursive: true });
    await writeFile(text, 'Once upon a time there was a little girl.');
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('should store a prefix that push puts beside the model, and remove it', async () => {
    const state = ['--persist-to', join(folder, 'state')];
    expect(await runCli(['prefix', model, '--text', text, '--name', 'story'])).toEqual({
      code: 0,
      stdout: `${model}: the prefix story has 10 tokens and 1.6 MB.\n`,
      stderr: '',
    });
    expect((await runCli(['push', model, ...state])).stdout).toContain('prefixes/story/kv-cache.bin');
    expect((await runCli(['prefix', model, '--system', text])).stdout).toMatch(/the prefix system has \d+ tokens/);
    for (const name of ['story', 'system']) await runCli(['prefix', model, '--remove', '--name', name]);
    const pushed = (await runCli(['push', model, ...state])).stdout;
    expect(pushed).not.toContain('prefixes');
  });

  it('should say what it needs', async () => {
    expect(await runCli(['prefix', model])).toMatchObject({ code: 1, stderr: expect.stringContaining('--system <file> or --text <file>') });
    const missing = await runCli(['prefix', model, '--remove', '--name', 'none']);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('has no prefix named none.') });
  });
});
