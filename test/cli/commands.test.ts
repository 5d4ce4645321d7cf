import { cp, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

const { size: WEIGHTS_BYTES } = await stat(join(DEFAULT_MODEL, 'model.onnx_data'));

describe('gpt-edge', () => {
  let folder: string;
  let state: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-test-'));
    state = ['--persist-to', join(folder, 'state')];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A copy of the default model's folder. */
  async function copyModel(name: string): Promise<string> {
    await cp(DEFAULT_MODEL, join(folder, name), { recursive: true });
    return join(folder, name);
  }

  it('should start, print a curl line that works, and push nothing the second time', async () => {
    let text = '';
    const askAsPrinted = (stdout: string) => {
      const printed = /curl -N (\S+) -H 'content-type: application\/json' \\\n {2}-d '(.*)'/.exec(stdout);
      return printed ? ask(printed[1], printed[2]) : undefined;
    };
    const ask = async (url: string, body: string) => {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      text = await answer.text();
    };
    const first = await runCli(['start', '--port', '18787', ...state], askAsPrinted);
    expect(first).toMatchObject({ code: 130, stderr: '' });
    expect(first.stdout).toContain('tinystories-gpt2: put README.md, adapters/fairytale/');
    expect(text.startsWith('data: {"id":"cmpl-')).toBe(true);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const second = await runCli(['start', '--port', '18787', ...state], 'Ctrl+C');
    expect(second.stdout).toContain('tinystories-gpt2: nothing has changed.');
  });

  it('should serve several folders, the first as the default, with the given variables', async () => {
    const other = await copyModel('other');
    const manifest = JSON.parse(await readFile(join(other, 'manifest.json'), 'utf8'));
    await writeFile(join(other, 'manifest.json'), JSON.stringify({ ...manifest, id: 'other' }));
    const answers: unknown[] = [];
    const ask = async () => {
      for (const path of ['/v1/models', '/health']) {
        const answer = await fetch(`http://127.0.0.1:18788${path}`);
        answers.push(answer.status, await answer.json());
      }
    };
    const models = ['--model', other, '--model', DEFAULT_MODEL];
    const isUp = (stdout: string) => (stdout.includes('Ctrl+C') ? ask() : undefined);
    await runCli(['start', '--port', '18788', ...models, ...state], isUp);
    const served = ['other', 'other:fairytale', 'tinystories-gpt2', 'tinystories-gpt2:fairytale'];
    expect(answers).toMatchObject([200, { data: served.map((id) => ({ id })) }, 200, { status: 'ok' }]);
    answers.length = 0;
    await runCli(['start', '--port', '18788', '--var', 'PUBLIC=false', ...state], isUp);
    expect(answers).toMatchObject([401, { error: { code: 'unauthorized' } }, 200, { status: 'ok' }]);
  });

  const failures: [string, string[] | (() => Promise<string[]>), RegExp][] = [
    ['an invalid port', ['start', '--port', '0'], /whole number from 1 to 65535/],
    ['a variable without a value', ['start', '--var', 'PUBLIC'], /KEY=VALUE/],
    ['a folder that is not a model folder', ['start', '--model', tmpdir()], /is not a model folder/],
    [
      'two models with the same id',
      ['start', '--model', DEFAULT_MODEL, '--model', DEFAULT_MODEL],
      /another model with the id tinystories-gpt2/,
    ],
    ['a folder that does not exist', ['complete', 'Once', '--model', '/nowhere'], /\/nowhere is not a model folder/],
    [
      'a file that is cut short',
      async () => {
        const model = await copyModel('short');
        const file = await open(join(model, 'model.onnx_data'), 'r+');
        await file.truncate(1000);
        await file.close();
        return ['start', '--port', '18789', '--model', model, ...state];
      },
      new RegExp(`model\\.onnx_data is damaged: 1000 bytes, ${WEIGHTS_BYTES} expected`),
    ],
    [
      'a file with a changed byte, although the bucket has an intact one',
      async () => {
        const model = await copyModel('changed');
        const file = await open(join(model, 'tokenizer.json'), 'r+');
        await file.write('X', 100);
        await file.close();
        return ['start', '--port', '18789', '--model', model, ...state];
      },
      /tokenizer\.json is damaged: its SHA-256/,
    ],
    [
      'an invalid manifest',
      async () => {
        const model = await copyModel('broken');
        await writeFile(join(model, 'manifest.json'), '{"format": 2}');
        return ['start', '--port', '18789', '--model', model, ...state];
      },
      /manifest\.json: format:/,
    ],
    ['a temperature out of range', ['complete', 'Once', '--temperature', '3'], /A number from 0 to 2/],
    [
      'more tokens than the context window holds',
      () => Promise.resolve(['complete', 'Once', '--max-tokens', '600', ...state]),
      /maximum context length is 512 tokens/,
    ],
    [
      'a source that is not a checkpoint',
      async () => {
        await mkdir(join(folder, 'notes'));
        await writeFile(join(folder, 'notes', 'notes.txt'), 'none');
        return ['convert', join(folder, 'notes'), join(folder, 'never')];
      },
      /holds no weights/,
    ],
  ];

  it.each(failures)('should exit with one line and code 1 for %s', async (_, args, message) => {
    const { code, stderr } = await runCli(typeof args === 'function' ? await args() : args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('should report a port that is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await runCli(['start', '--port', String(port), ...state]);
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^gpt-edge: Port ${port} cannot be used: .*--port\\.\\n$`));
  });

  it('should complete a prompt in the terminal, with the same text for the same seed', async () => {
    const once = (...args: string[]) => runCli(['complete', 'Once upon a time', '--max-tokens', '20', ...args, ...state]);
    const first = await once('--seed', '7');
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout.startsWith('Once upon a time')).toBe(true);
    expect(first.stderr).toMatch(/4 prompt tokens, 20 completion tokens, finish reason length, [\d.]+ tokens\/s, loaded in [\d.]+ s\n$/);
    expect((await once('--seed', '7')).stdout).toBe(first.stdout);
    expect((await once('--seed', '8')).stdout).not.toBe(first.stdout);
    expect((await once('--temperature', '0')).stdout).toBe(
      'Once upon a time, there was a little girl named Lily. She loved to play with her toys and eat yummy food\n',
    );
  });

  it('should convert a checkpoint into a model folder that complete accepts', async () => {
    const target = join(folder, 'tiny');
    const converted = await runCli([
      'convert',
      join(import.meta.dirname, '..', 'golden', 'tiny-gpt2'),
      target,
      '--dtype',
      'fp32',
      '--id',
      'tiny',
    ]);
    expect(converted).toMatchObject({ code: 0, stderr: '' });
    expect(converted.stdout).toMatch(
      /: tiny, gpt2, .*M parameters, fp32, .* MB, context window \d+\nFrom tiny-gpt2 \(.*\)\ntiny runs on the edge engine, within 128 MB\. It needs \d+\.\d MB: heap \d+\.\d MB, .*\n$/,
    );
    const { code, stdout } = await runCli(['complete', 'abc', '--model', target, '--max-tokens', '5', '--seed', '1', ...state]);
    expect(code).toBe(0);
    expect(stdout.startsWith('abc')).toBe(true);
  });

  it('should say how much of a long context window fits, and what was decided for a chat model', async () => {
    const source = join(folder, 'long');
    await cp(join(import.meta.dirname, '..', 'golden', 'tiny-llama-rope3'), source, { recursive: true });
    const edit = async (name: string, changes: object) =>
      writeFile(join(source, name), JSON.stringify({ ...JSON.parse(await readFile(join(source, name), 'utf8')), ...changes }));
    await edit('config.json', { max_position_embeddings: 2 ** 20 });
    await edit('tokenizer_config.json', { chat_template: '{{ messages }}' });
    const { code, stdout, stderr } = await runCli(['convert', source, join(folder, 'long-model'), '--sampling', 'top_k=5']);
    expect(code).toBe(0);
    expect(stdout).toContain('recommends no temperature, so generation_config.json gets temperature=0.2,top_p=0.9.');
    expect(stderr).toBe('');
    const [, needed, window] = /needs (\d+\.\d) MB: .*KV cache of (\d+) tokens in 8 bits .* MB\.\n/.exec(stdout) ?? [];
    expect(stdout).toContain(`${Number(window).toLocaleString('en')} of 1,048,576 tokens of the context window fit into 128 MB.\n`);
    expect([Number(needed) > 127, Number(needed) <= 128, Number(window) % 128]).toEqual([true, true, 0]);
    const config = JSON.parse(await readFile(join(folder, 'long-model', 'generation_config.json'), 'utf8'));
    expect(config).toMatchObject({ temperature: 0.2, top_p: 0.9, top_k: 5, do_sample: true });
    expect((await runCli(['convert', source, join(folder, 'never'), '--sampling', 'top_p=7'])).stderr).toBe(
      'gpt-edge: sampling: top_p must be a number from 0 to 1, of which 0 and 1 keep all tokens, not "7".\n',
    );
  });

  it('should print what a deployment would do, without doing it', async () => {
    const { code, stdout } = await runCli(['deploy', '--dry-run', '--var', 'PUBLIC=true']);
    expect(code).toBe(0);
    const [plan, free, tokens, untried, ...stages] = stdout.split('\n');
    expect(free).toContain('100,000 requests and 101,562 seconds of active objects');
    expect(tokens).toBe('- tinystories-gpt2: about 10,000,000 tokens in answers of 100, at 0.5 ms of CPU a token.');
    expect(untried).toContain('None of that was tried');
    expect(plan).toMatch(/^tinystories-gpt2 runs on the edge engine, within 128 MB\. It needs [\d.]+ MB: heap .*\.$/);
    expect(stages.join('\n')).toBe(
      [
        'Would create the bucket gpt-edge-models if it is missing',
        'Would create the queue gpt-edge-batches if it is missing',
        'Would create the queue gpt-edge-batches-dead if it is missing',
        'Would push the changed files of tinystories-gpt2',
        'Would deploy the Worker with MODEL_IDS=tinystories-gpt2 PUBLIC=true',
        'Would ask the deployment whether its models can be served',
        '',
      ].join('\n'),
    );
  });
});
