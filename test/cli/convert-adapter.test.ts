import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

const GOLDEN = join(PROJECT, 'test/golden');

describe('gpt-edge convert --adapter', { timeout: 60_000 }, () => {
  let folder: string;
  let model: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-test-'));
    model = join(folder, 'model');
    const { code } = await runCli(['convert', join(GOLDEN, 'tiny-gpt2'), model, '--dtype', 'fp32', '--id', 'tiny-gpt2']);
    expect(code).toBe(0);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('should put the adapter into the folder, where inspect shows it, push brings it and --remove takes it away', async () => {
    expect(await runCli(['convert', '--adapter', join(GOLDEN, 'adapters/tiny-gpt2'), model, '--id', 'tales'])).toEqual({
      code: 0,
      stdout:
        `${model}: the adapter tales adds 2,688 parameters to 8 products, rank 3, fp32, 0.0 MB.\n` +
        'Requests name it as the model tiny-gpt2:tales.\n',
      stderr: '',
    });
    expect((await runCli(['inspect', model])).stdout).toMatch(
      /\nAdapters\n.*\ntiny-gpt2:tales +3 +2,688 +8 +fp32, 0\.0 MB +tiny-gpt2 \(PEFT, LoRA\)\n/,
    );
    const state = ['--persist-to', join(folder, 'state')];
    expect((await runCli(['push', model, ...state])).stdout).toContain('adapters/tales/adapter.bin, adapters/tales/adapter.json');
    expect((await runCli(['convert', '--adapter', 'tales', '--remove', model])).stdout).toBe(`${model}: the adapter tales is removed.\n`);
    expect((await runCli(['inspect', model])).stdout).not.toContain('Adapters');
  });

  it('should say what is wrong', async () => {
    const adapter = ['convert', '--adapter', join(GOLDEN, 'adapters/tiny-llama'), model];
    expect(await runCli(adapter)).toMatchObject({ code: 1, stderr: expect.stringContaining('is no module of this base model') });
    expect(await runCli([...adapter, '--context', '5'])).toMatchObject({
      code: 1,
      stderr: 'gpt-edge: context is for models, and not for adapters.\n',
    });
    expect(await runCli(['convert', model])).toMatchObject({ code: 1, stderr: 'gpt-edge: The model folder to write is missing.\n' });
  });
});
