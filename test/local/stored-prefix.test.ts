import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/core/decoder.ts';
import type { Manifest } from '../../src/core/folder/manifest.ts';
import { compiledKernels } from '../../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../../src/local/disk-model-files.ts';
import { type ModelFolder, openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { refreshFolder } from '../../src/local/refresh-folder.ts';
import { serveModels } from '../../src/local/serve-models.ts';
import { removePrefix, storePrefix } from '../../src/local/stored-prefix.ts';
import { createEdgeDecoder } from '../../src/runtime/edge/create-edge-decoder.ts';
import type { CacheFormat } from '../../src/runtime/edge/plan/cache-shape.ts';
import { planEngine } from '../../src/runtime/plan-engine.ts';
import { ChatTemplate } from '../../src/tokenizer/chat-template.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

const FILE = 'prefixes/story/kv-cache.bin';
const STORY = 'Once upon a time there was a little girl who had a red ball. '.repeat(12);

async function planned(folder: ModelFolder, cacheFormat: CacheFormat = 'f32') {
  const plan = await planEngine(new DiskModelFiles(folder), { engine: 'edge', cacheFormat }, 128e6);
  if (plan.engine !== 'edge') throw new Error('the edge engine was asked for');
  return plan;
}
const store = async (folder: ModelFolder, name: string, text = STORY) => storePrefix(folder, name, { text }, await planned(folder));

/** Loads a folder as a Worker does, with room for so many more blocks than a sequence takes. */
async function load(folder: ModelFolder, cacheFormat?: CacheFormat, moreBlocks = 20): Promise<Decoder> {
  const { plan } = await planned(folder, cacheFormat);
  const { windowBlocks, blockBytes } = plan.cache;
  const cacheBytes = (windowBlocks + moreBlocks) * blockBytes;
  return createEdgeDecoder(plan, new DiskModelFiles(folder), { kernels: compiledKernels(), cacheBytes, loadsPrefixes: true });
}

describe('a stored prefix', () => {
  let parent: string;
  let folder: ModelFolder;
  let tokens: number[];
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'gpt-edge-prefix-'));
    tokens = new TextTokenizer(parseTokenizerJson(await readFile(join(DEFAULT_MODEL, 'tokenizer.json')))).encode(STORY);
    expect(tokens.length).toBeGreaterThan(150);
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));
  beforeEach(async () => {
    const path = await mkdtemp(join(parent, 'model-'));
    await cp(DEFAULT_MODEL, path, { recursive: true });
    folder = await openModelFolder(path);
  });

  it('should be what sequences of every partition begin with, and give the bits of a lone run', async () => {
    expect((await store(folder, 'story')).tokens).toBe(tokens.length);
    const decoder = await load(await openModelFolder(folder.path));
    expect(decoder.kvCache.freeBlocks).toBe(decoder.kvCache.totalBlocks);
    const prompt = [...tokens, 259, 395];
    const lone = (await load(folder)).createSequence();
    const expected = await lone.forward(prompt);
    for (const partition of ['', 'someone', 'else']) {
      const sequence = decoder.createSequence({ tokens: prompt, partition });
      expect(sequence.length).toBe(tokens.length);
      expect(await sequence.forward(prompt.slice(sequence.length))).toEqual(expected);
    }
    // What a sequence of one partition has added is not there for another.
    expect(decoder.createSequence({ tokens: [...prompt, 1, 2], partition: 'else' }).length).toBe(prompt.length);
    expect(decoder.createSequence({ tokens: [...prompt, 1, 2], partition: 'third' }).length).toBe(tokens.length);
  });

  it('should be for sequences with the adapter that it was computed with, and no others', async () => {
    const adapter = 'fairytale';
    await storePrefix(folder, 'story', { text: STORY, adapter }, await planned(folder));
    const stored = await openModelFolder(folder.path);
    const [decoder, apart] = [await load(stored), await load(folder)];
    const prompt = [...tokens, 259, 395];
    expect(decoder.createSequence({ tokens: prompt }).length).toBe(0);
    for (const each of [decoder, apart]) await each.adapters!.load(adapter);
    const sequence = decoder.createSequence({ tokens: prompt, adapter, partition: 'someone' });
    expect(sequence.length).toBe(tokens.length);
    const lone = apart.createSequence({ tokens: [], adapter });
    expect(await sequence.forward(prompt.slice(sequence.length))).toEqual(await lone.forward(prompt));
    const weights = 'adapters/fairytale/adapter.bin';
    const changed = { ...stored.manifest.files[weights], sha256: '0'.repeat(64) };
    const other = { ...stored, manifest: { ...stored.manifest, files: { ...stored.manifest.files, [weights]: changed } } };
    await expect(load(other)).rejects.toThrow('was stored with another adapter "fairytale"');
  });

  it('should give way to sequences that need its room', async () => {
    await store(folder, 'story');
    const stored = await openModelFolder(folder.path);
    const decoder = await load(stored, 'f32', 0);
    const sequence = decoder.createSequence();
    await sequence.forward(new Array(decoder.contextWindow).fill(259), 0);
    expect(sequence.length).toBe(decoder.contextWindow);
    expect(decoder.createSequence({ tokens: [...tokens, 1] }).length).toBeLessThan(tokens.length);
  });

  it('should be left out if there is no room for it beside those before it', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) await store(await openModelFolder(folder.path), name, `${name} ${STORY}`);
    const stored = await openModelFolder(folder.path);
    const decoder = await load(stored, 'f32', 1);
    // The window takes four blocks, there is one more, and each of the prefixes takes two.
    expect(decoder.kvCache.totalBlocks).toBe(5);
    const tokenizer = new TextTokenizer(parseTokenizerJson(await readFile(join(DEFAULT_MODEL, 'tokenizer.json'))));
    const reused = names.map((name) => {
      const sequence = decoder.createSequence({ tokens: tokenizer.encode(`${name} ${STORY} The`) });
      const { length } = sequence;
      sequence.dispose();
      return length > 128;
    });
    expect(reused).toEqual([true, true, false]);
  });

  it('should be refused with other weights, and with another format of the cache', async () => {
    await store(folder, 'story');
    const { manifest, path } = await openModelFolder(folder.path);
    const changed = { ...manifest.files['model.onnx_data'], sha256: '0'.repeat(64) };
    const other: Manifest = { ...manifest, files: { ...manifest.files, 'model.onnx_data': changed } };
    await expect(load({ path, manifest: other })).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining(`${FILE} was stored with other weights. Store it again`),
    });
    await expect(load({ path, manifest }, 'q8')).rejects.toThrow(
      `${FILE} was stored with the KV cache in f32, and the model has it in q8.`,
    );
  });

  it('should be refused, and never be taken for another one, if its header is damaged', async () => {
    await store(folder, 'story');
    const stored = await openModelFolder(folder.path);
    const whole = await readFile(join(folder.path, FILE));
    const random = new SeededRandom(1);
    for (let attempt = 0; attempt < 40; attempt++) {
      const damaged = Buffer.from(whole);
      for (let change = random.integer(3); change >= 0; change--) damaged[random.integer(1200)] = random.integer(256);
      await writeFile(join(folder.path, FILE), damaged);
      const decoder = await load(stored).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'model_unavailable' });
        return undefined;
      });
      // Digits may have become other digits. The manifest's hash finds that out where files come from R2.
      if (decoder) expect(decoder.kvCache.freeBlocks).toBe(decoder.kvCache.totalBlocks);
    }
  });

  it('should be served with its model, and removed', async () => {
    await store(folder, 'story');
    const answer = async (path: string) => {
      const edge = await serveModels({ models: [path] });
      try {
        const body = JSON.stringify({ prompt: `${STORY}The`, max_tokens: 20, temperature: 0 });
        const headers = { 'content-type': 'application/json' };
        const { choices, system_fingerprint } = (await (
          await fetch(new URL('/v1/completions', edge.url), { method: 'POST', headers, body })
        ).json()) as {
          choices: { text: string }[];
          system_fingerprint: string;
        };
        return [choices[0].text, system_fingerprint];
      } finally {
        await edge.stop();
      }
    };
    const stored = await answer(folder.path);
    await removePrefix(await openModelFolder(folder.path), 'story');
    expect(await readdir(join(folder.path, 'prefixes'))).toEqual([]);
    expect((await openModelFolder(folder.path)).manifest.files).toEqual(folder.manifest.files);
    expect(stored).toEqual(await answer(folder.path));
    await expect(removePrefix(folder, 'story')).rejects.toMatchObject({ code: 'invalid_value' });
  });

  it('should need a name, tokens, and a chat template for a system message', async () => {
    await expect(store(folder, '../story')).rejects.toMatchObject({ code: 'invalid_value' });
    await expect(store(folder, 'story', '')).rejects.toThrow('The prefix has 0 tokens, 1 to 511 expected.');
    await expect(store(folder, 'story', STORY.repeat(9))).rejects.toMatchObject({ code: 'invalid_value' });
    const { chat_template: _, ...config } = JSON.parse(await readFile(join(folder.path, 'tokenizer_config.json'), 'utf8'));
    await writeFile(join(folder.path, 'tokenizer_config.json'), JSON.stringify(config));
    await refreshFolder(folder.path);
    const silent = await openModelFolder(folder.path);
    const stored = storePrefix(silent, 'chat', { system: 'Be kind.' }, await planned(silent));
    await expect(stored).rejects.toMatchObject({ code: 'chat_template_error' });
  });

  it('should be what all chats with the same system message begin with', async () => {
    const system = 'You tell stories. '.repeat(9);
    const { tokens: count } = await storePrefix(folder, 'chat', { system }, await planned(folder));
    const stored = await openModelFolder(folder.path);
    const decoder = await load(stored);
    const read = (name: string) => readFile(join(folder.path, name));
    const tokenizer = new TextTokenizer(parseTokenizerJson(await read('tokenizer.json')));
    const template = ChatTemplate.from(parseTokenizerConfig(await read('tokenizer_config.json')))!;
    for (const content of ['Hi', 'Tell me about a dog.', '...']) {
      const messages = [
        { role: 'system', content: system },
        { role: 'user', content },
      ] as const;
      expect(decoder.createSequence({ tokens: template.encode(messages, tokenizer) }).length).toBeGreaterThanOrEqual(count);
    }
  });
});
