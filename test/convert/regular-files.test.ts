import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rename, rm, symlink, truncate } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { readWhole } from '../../src/convert/files/read-bounded.ts';
import { invalidFile } from '../../src/core/invalid-file.ts';
import { MAX_TOKENIZER_BYTES } from '../../src/core/limits.ts';
import { readText } from '../../src/local/evaluate/read-text.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const FOLDERS = [
  { name: 'tiny-gpt2', files: ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'] },
  { name: 'tiny-llama', files: ['model.safetensors.index.json', 'model-00002-of-00002.safetensors'] },
  { name: 'tiny-llama-genai', files: ['model.onnx', 'model.onnx.data'] },
];

let folder: string;
let servers: Server[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-regular-'));
});
afterEach(async () => {
  for (const server of servers) server.close();
  servers = [];
  await rm(folder, { recursive: true, force: true });
});

/** What may stand in a file's place, and never ends or cannot be read. */
const STRANGERS: Record<string, (path: string) => Promise<unknown>> = {
  'a link to an endless device': (path) => symlink('/dev/zero', path),
  'a pipe': async (path) => execFileSync('mkfifo', [path]),
  'a socket': (path) =>
    new Promise((resolve) => {
      servers.push(createServer().listen(path, () => resolve(undefined)));
    }),
  'a folder': (path) => mkdir(path),
};

const convert = (source: string) => convertModel({ source, target: join(folder, 'out') });

describe.each(FOLDERS.flatMap(({ name, files }) => files.map((file) => ({ name, file }))))('$file of $name', ({ name, file }) => {
  it.each(Object.keys(STRANGERS))('should be refused at once if it is %s', async (stranger) => {
    const source = join(folder, 'tiny');
    await cp(join(GOLDEN, name), source, { recursive: true });
    await rm(join(source, file));
    await STRANGERS[stranger](join(source, file));
    await expect(convert(source)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_file', message: expect.stringContaining(file) }),
    );
  });

  it('should be read through links, as they are in the cache of Hugging Face', async () => {
    const source = join(folder, 'snapshots', 'main');
    await cp(join(GOLDEN, name), source, { recursive: true });
    await mkdir(join(folder, 'blobs'));
    await rename(join(source, file), join(folder, 'blobs', 'a1b2'));
    await symlink('../../blobs/a1b2', join(source, file));
    expect((await convert(source)).id).toBe('main');
  });
});

describe('a GGUF file or a checkpoint of llama2.c', () => {
  it.each(['model.gguf', 'model.bin'])('should be refused if it is a link to a device: %s', async (name) => {
    await symlink('/dev/zero', join(folder, name));
    await expect(convert(join(folder, name))).rejects.toThrow(`${name}: is neither a folder nor a file`);
  });
});

describe('a file over its limit', () => {
  it('should be refused by its size, and while it is read if that says nothing', async () => {
    const source = join(folder, 'tiny');
    await cp(join(GOLDEN, 'tiny-gpt2'), source, { recursive: true });
    await truncate(join(source, 'tokenizer.json'), MAX_TOKENIZER_BYTES + 1);
    await expect(convert(source)).rejects.toThrow(`tokenizer.json: has ${MAX_TOKENIZER_BYTES + 1} bytes, over the limit of`);
    // Files of /proc are regular, and state a size of 0.
    const fail = (problem: string) => invalidFile('cmdline', problem);
    expect((await readWhole('/proc/self/cmdline', 2 ** 20, fail)).length).toBeGreaterThan(8);
    await expect(readWhole('/proc/self/cmdline', 8, fail)).rejects.toThrow('cmdline: has more than the 8 bytes of its limit');
  });
});

describe('a text and a model folder', () => {
  it('should be refused if they are devices', async () => {
    await expect(readText('/dev/zero')).rejects.toThrow('/dev/zero is a device, and not a file');
    const model = join(folder, 'model');
    await mkdir(model);
    await symlink('/dev/zero', join(model, 'manifest.json'));
    await expect(openModelFolder(model)).rejects.toThrow(/manifest\.json: is a device, and not a file/);
  });
});
