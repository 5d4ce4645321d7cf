import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../src/local/project-paths.ts';
import { LoopbackHub } from '../local/hub/loopback-hub.ts';
import { runCli } from './run-cli.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
/** The real model, if GPT_EDGE_MODELS names a folder that has it. A small one takes its place otherwise. */
const GGUF = join(process.env.GPT_EDGE_MODELS ?? '', 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf');
const NAME = 'HuggingFaceTB/SmolLM2-135M-Instruct';
const ID = 'SmolLM2-135M-Instruct';

let folder: string;
let env: NodeJS.ProcessEnv;
let places: string[];
const hub = new LoopbackHub();

/** A checkpoint of the repository, with a chat template. */
async function readCheckpoint(name: string): Promise<Map<string, Uint8Array>> {
  const names = ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'];
  const files = new Map<string, Uint8Array>();
  for (const file of names) if (existsSync(join(GOLDEN, name, file))) files.set(file, await readFile(join(GOLDEN, name, file)));
  return files.set('chat_template.jinja', Buffer.from('{% for message in messages %}{{ message.content }}{% endfor %}'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-add-'));
  await hub.start();
  const model =
    process.env.GPT_EDGE_MODELS && existsSync(GGUF)
      ? new Map([['model.Q4_1.gguf', await readFile(GGUF)]])
      : await readCheckpoint('tiny-llama-rope3');
  hub.repos.set(NAME, { files: model });
  hub.repos.set('someone/tiny-gpt2', { files: await readCheckpoint('tiny-gpt2') });
  hub.repos.set('someone-else/tiny-gpt2', { files: await readCheckpoint('tiny-gpt2') });
  hub.repos.set('someone/gated', { files: model, access: 'gated' });
  env = { ...process.env, HF_ENDPOINT: hub.url, HF_HOME: join(folder, 'hub'), HF_TOKEN: '' };
  places = ['--models', join(folder, 'models')];
});
afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => runCli([...args, ...places], undefined, env);

describe('"From a name to a chat" in README.md', { timeout: 180_000 }, () => {
  it('should be its second section, and work as it stands there', async () => {
    const readme = await readFile(join(PROJECT, 'README.md'), 'utf8');
    const sections = readme.split(/^## /m);
    expect(sections[2].split('\n')[0]).toBe('From a name to a chat');
    const [adding, asking] = [...sections[2].matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, code]) => code);
    const [, command] = /^npx gpt-edge (add \S+)\nnpm start\n$/.exec(adding) ?? [];
    expect(command).toBe(`add ${NAME}`);
    const added = await run(...command!.split(' '));
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toMatch(
      /\nWeights are stored in .*\.\nSmolLM2-135M-Instruct runs on the edge engine, within 128 MB\. It needs \d+\.\d MB: /,
    );
    let answer: { model: string; choices: { message: { content: string } }[] } | undefined;
    let models: { data: { id: string }[] } | undefined;
    const ask = async () => {
      const [, address, body] = /^curl (\S+) -H 'content-type: application\/json' \\\n {2}-d '(.*)'\n$/s.exec(asking) ?? [];
      const url = new URL(new URL(address!).pathname, 'http://127.0.0.1:18790');
      answer = await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json();
      models = await (await fetch(new URL('/v1/models', url))).json();
    };
    const start = ['start', '--port', '18790', '--persist-to', join(folder, 'state'), ...places];
    const started = await runCli(start, (stdout) => (stdout.includes('Ctrl+C') ? ask() : undefined), env);
    expect(started).toMatchObject({ code: 130, stderr: '' });
    expect(models!.data.map(({ id }) => id)).toEqual(['tinystories-gpt2', 'tinystories-gpt2:fairytale', ID]);
    expect(answer!.model).toBe(ID);
    expect(answer!.choices[0].message.content).not.toBe('');
  });

  it('should be undone by remove, here and in the local bucket', async () => {
    const persistTo = ['--persist-to', join(folder, 'state')];
    const { stdout } = await runCli(['remove', ID, ...places, ...persistTo], undefined, env);
    expect(stdout).toBe(
      `${ID} was removed.\nWhat was downloaded for it is still in ${join(folder, 'hub/hub/models--HuggingFaceTB--SmolLM2-135M-Instruct')}.\n`,
    );
    expect(await readdir(join(folder, 'models'))).toEqual([]);
    expect((await runCli(['list', ...persistTo])).stdout).not.toContain(ID);
  });
});

describe('gpt-edge add', { timeout: 120_000 }, () => {
  it('should take the settings that were asked for, and replace only what came from the same repository', async () => {
    const asked = ['--dtype', 'fp16', '--context', '16', '--id', 'tiny', '--sampling', 'temperature=0.5'];
    const added = await run('add', 'someone/tiny-gpt2', ...asked);
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(added.stdout).toContain('Weights are stored in fp16: as the checkpoint has it, or nearest to it.');
    const manifest = JSON.parse(await readFile(join(folder, 'models', 'tiny', 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ id: 'tiny', dtype: 'fp16', contextWindow: 16 });
    expect(manifest.source).toMatch(/^someone\/tiny-gpt2@[0-9a-f]{12} \(Hugging Face layout, safetensors in F32\)$/);
    expect(await run('add', 'someone/tiny-gpt2', '--id', 'tiny')).toMatchObject({ code: 0 });
    expect((await run('add', 'someone-else/tiny-gpt2', '--id', 'tiny')).stderr).toMatch(
      /^gpt-edge: \S+tiny is another model, from someone\/tiny-gpt2@[^\n]* --id gives the new one another name\.\n$/,
    );
  });

  const failures: [string, string[], RegExp][] = [
    ['a name that is none', ['add', 'tiny'], /"tiny" is not the name of a model on the hub, which is owner\/name, with/],
    ['a file that is no GGUF file', ['add', 'someone/tiny-gpt2:config.json'], /names a file that is not a GGUF file/],
    ['a gated model', ['add', 'someone/gated'], /someone\/gated is gated: .* set HF_TOKEN to a token of your account\.$/],
    ['a model that is not there', ['add', 'someone/nothing'], /someone\/nothing is not on the hub at .*, or it is private\./],
    ['a model that is not there to remove', ['remove', 'nothing'], /There is no model "nothing" in .*\. There are tiny\.$/],
  ];
  it.each(failures)('should exit with one line and code 1 for %s', async (_, args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stderr.trim()).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('should be a source of convert as well, which says that a path is none', async () => {
    const target = join(folder, 'converted');
    const { code, stdout } = await runCli(['convert', 'someone/tiny-gpt2@main', target], undefined, env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/: tiny-gpt2, gpt2, .*\nFrom someone\/tiny-gpt2@[0-9a-f]{12} \(/);
    expect((await runCli(['convert', 'models/nothing', target], undefined, env)).stderr).toMatch(
      /^gpt-edge: There is no models\/nothing on this machine\. models\/nothing is not on the hub at [^\n]*\n$/,
    );
  });
});
