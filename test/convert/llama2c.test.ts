import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { readJson } from '../../src/convert/files/json-files.ts';
import { openLlama2c } from '../../src/convert/sources/llama2c/open-llama2c.ts';
import type { Checkpoint } from '../../src/convert/sources/model-source.ts';
import { openSource } from '../../src/convert/sources/open-source.ts';
import { GptEdgeError } from '../../src/core/errors.ts';
import { buildLlama2c, buildTokenizerBin, type Llama2cNumbers, llama2cVocabulary } from './build-llama2c.ts';
import { damage, randomIntegers } from './fuzz-bytes.ts';

/** Width 8 in two heads of 4 with one key/value head, 2 layers, feed-forward 6, 262 tokens, 3 positions. */
const NUMBERS: Llama2cNumbers = [8, 6, 2, 2, 1, 262, 3];
const VOCABULARY = llama2cVocabulary([' ', 'a', ' a']);

/** The sections of version 0 by name: how many values each layer has, and how many layers there are. */
const VERSION_0: readonly (readonly [string, number])[] = [
  ['model.embed_tokens', 262 * 8],
  ...layers('input_layernorm', 8),
  ...layers('self_attn.q_proj', 64),
  ...layers('self_attn.k_proj', 32),
  ...layers('self_attn.v_proj', 32),
  ...layers('self_attn.o_proj', 64),
  ...layers('post_attention_layernorm', 8),
  ...layers('mlp.gate_proj', 48),
  ...layers('mlp.down_proj', 48),
  ...layers('mlp.up_proj', 48),
  ['model.norm', 8],
];
const TURNS: readonly [string, number] = ['turns', 2 * 3 * 2];
const HEAD: readonly [string, number] = ['lm_head', 262 * 8];
/** The same sections in version 1's order. */
const VERSION_1 = ['input_layernorm', 'post_attention_layernorm', 'model.norm', 'model.embed_tokens', 'self_attn', 'mlp'].flatMap((part) =>
  VERSION_0.filter(([name]) => name.includes(part) && (part !== 'self_attn' || !name.includes('layernorm'))),
);

function layers(name: string, values: number): [string, number][] {
  return [0, 1].map((layer) => [`model.layers.${layer}.${name}`, values]);
}

/** Values that encode their place: the section's index before the decimal point, the value's own after it. */
function fill(sections: readonly (readonly [string, number])[]): number[] {
  return sections.flatMap(([, count], section) => Array.from({ length: count }, (_, index) => section + 1 + index / 4096));
}

let folder: string;
let path: string;
const write = (name: string, bytes: Uint8Array) => writeFile(join(folder, name), bytes);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-llama2c-'));
  path = join(folder, 'tiny.bin');
  await write('tiny.bin', buildLlama2c(0, NUMBERS, fill([...VERSION_0, TURNS])));
  await write('tok262.bin', buildTokenizerBin(VOCABULARY));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Opens `bytes` as the checkpoint and returns the error. */
async function openError(bytes: Uint8Array): Promise<GptEdgeError> {
  await write('tiny.bin', bytes);
  const error = await openLlama2c(path).then(
    ({ weights }) => weights.close(),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(GptEdgeError);
  return error as GptEdgeError;
}

describe('openLlama2c', () => {
  it.each([
    { name: 'version 0', version: 0, numbers: NUMBERS, sections: [...VERSION_0, TURNS], tied: true },
    { name: 'version 0 with a head', version: 0, numbers: NUMBERS.with(5, -262), sections: [...VERSION_0, TURNS, HEAD], tied: false },
    { name: 'version 1', version: 1, numbers: NUMBERS, sections: VERSION_1, tied: true },
    { name: 'version 1 with a head', version: 1, numbers: NUMBERS, sections: [...VERSION_1, HEAD], tied: false },
  ] as const)('should find every tensor of $name', async ({ version, numbers, sections, tied }) => {
    await write('tiny.bin', buildLlama2c(version, numbers as Llama2cNumbers, fill(sections), tied ? 1 : 0));
    const { weights, ...source } = await openLlama2c(path);
    expect(weights.tensors.size).toBe(tied ? 20 : 21);
    for (const [section, [name, count]] of sections.entries()) {
      if (name === 'turns') continue;
      const { values } = await weights.read(`${name}.weight`);
      const sorted = [...values].sort((a, b) => a - b);
      expect(sorted, name).toEqual([...Float32Array.from({ length: count }, (_, index) => section + 1 + index / 4096)]);
      if (!/[qk]_proj/.test(name)) expect([...values]).toEqual(sorted);
    }
    expect(readJson(source, 'config.json')).toMatchObject({ tie_word_embeddings: tied, vocab_size: 262 });
    await weights.close();
  });

  it('should move query and key rows into half-rotated order', async () => {
    const { weights } = await openLlama2c(path);
    const rowsOf = async (name: string) => {
      const { values } = await weights.read(`model.layers.0.self_attn.${name}.weight`);
      return Array.from({ length: values.length / 8 }, (_, row) => Math.round(((values[row * 8] % 1) * 4096) / 8));
    };
    expect(await rowsOf('q_proj')).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
    expect(await rowsOf('k_proj')).toEqual([0, 2, 1, 3]);
    await weights.close();
  });

  it('should end a generation where run.c does, and convert', async () => {
    const manifest = await convertModel({ source: path, target: join(folder, 'out') });
    expect(manifest).toMatchObject({
      id: 'tiny',
      dtype: 'fp32',
      eosTokenIds: [1, 2],
      bosTokenId: 1,
      contextWindow: 3,
      vocabularySize: 262,
    });
    expect(manifest.source).toBe('tiny (llama2.c version 0 in F32)');
  });

  it('should prefer tokenizer.bin to other names, and a given path to both', async () => {
    await write('tokenizer.bin', buildTokenizerBin(VOCABULARY.with(261, { text: 'tokenizer', score: 0 })));
    await write('other', buildTokenizerBin(VOCABULARY.with(261, { text: 'given', score: 0 })));
    const vocabulary = async (tokenizer?: string) => {
      const source = (await openSource(path, { tokenizer })) as Checkpoint;
      await source.weights.close();
      return (readJson(source, 'tokenizer.json') as { model: { vocab: object } }).model.vocab;
    };
    expect(await vocabulary()).toHaveProperty('tokenizer', 261);
    expect(await vocabulary(join(folder, 'other'))).toHaveProperty('given', 261);
  });

  it('should refuse to choose between tokenizers, or to go without one', async () => {
    await write('tok32000.bin', buildTokenizerBin(VOCABULARY));
    await expect(openLlama2c(path)).rejects.toThrow(
      'tiny.bin: needs one tokenizer.bin or tok*.bin beside it, or given by option, and tok262.bin, tok32000.bin are there',
    );
    for (const name of ['tok262.bin', 'tok32000.bin']) await rm(join(folder, name));
    await expect(openLlama2c(path)).rejects.toThrow('and none is there');
  });

  it.each([
    { problem: 'a negative width', numbers: NUMBERS.with(0, -8), message: 'dim: -8 is not 1 to 131072' },
    { problem: 'a huge layer', numbers: NUMBERS.with(1, 2 ** 30), message: 'hidden_dim: 1073741824 is not 1 to 131072' },
    {
      problem: 'more layers than bytes',
      numbers: NUMBERS.with(2, 131_072),
      message: 'bytes are not the 184557868 that its header asks for',
    },
    { problem: 'no heads', numbers: NUMBERS.with(3, 0), message: 'n_heads: 0 is not 1 to 131072' },
    { problem: 'heads of half values', numbers: NUMBERS.with(3, 8), message: 'dim: 8 is not a multiple of twice n_heads, 8' },
    { problem: 'heads without keys', numbers: NUMBERS.with(4, 3), message: 'n_kv_heads: 3 does not divide n_heads, 2' },
    { problem: 'a huge vocabulary', numbers: NUMBERS.with(5, 2 ** 21), message: 'vocab_size: 2097152 is not 1 to 1048576' },
    { problem: 'no positions', numbers: NUMBERS.with(6, 0), message: 'seq_len: 0 is not 1 to 1048576' },
  ])('should refuse $problem', async ({ numbers, message }) => {
    const error = await openError(buildLlama2c(0, numbers as unknown as Llama2cNumbers, fill([...VERSION_0, TURNS])));
    expect(error).toMatchObject({ code: 'invalid_file', param: 'tiny.bin' });
    expect(error.message).toMatch(/^tiny\.bin: /);
    expect(error.message).toContain(message);
  });

  it('should refuse other versions, an invalid flag, files that are cut or too long, and values that are not numbers', async () => {
    const whole = buildLlama2c(1, NUMBERS, fill(VERSION_1));
    const version2 = whole.slice();
    version2[4] = 2;
    expect(await openError(version2)).toMatchObject({
      code: 'unsupported_model',
      message: 'tiny.bin: version 2 is not supported; supported: 0 and 1, in float32',
    });
    expect((await openError(buildLlama2c(1, NUMBERS, fill(VERSION_1), 7))).message).toContain('shared_classifier: 7 is neither 0 nor 1');
    expect((await openError(whole.subarray(0, whole.length - 4))).message).toMatch(
      /size: \d+ bytes are not the \d+ that its header asks for/,
    );
    expect((await openError(Buffer.concat([whole, Buffer.alloc(4)]))).message).toContain('that its header asks for');
    expect((await openError(new Uint8Array(0))).message).toContain('magic or dim: takes 4 bytes at byte 0, and the file ends at 0');
    await write('tiny.bin', buildLlama2c(0, NUMBERS, fill([...VERSION_0, TURNS]).with(5, Number.NaN)));
    const { weights } = await openLlama2c(path);
    await expect(weights.read('model.embed_tokens.weight')).rejects.toThrow('tiny.bin: tensor model.embed_tokens.weight: value 5 is NaN');
    await weights.close();
  });

  it('should answer thousands of damaged headers quickly, with a GptEdgeError or with a source', async () => {
    const checkpoints = [buildLlama2c(0, NUMBERS, fill([...VERSION_0, TURNS])), buildLlama2c(1, NUMBERS, fill(VERSION_1))];
    const random = randomIntegers(21);
    const start = performance.now();
    for (let round = 0; round < 2000; round++) {
      await write('tiny.bin', damage(checkpoints[round % 2], 40, random));
      try {
        await (await openLlama2c(path)).weights.close();
      } catch (error) {
        expect(error, `round ${round}`).toBeInstanceOf(GptEdgeError);
      }
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('openSource', () => {
  it('should refuse a path of no known kind, and a tokenizer that has no use', async () => {
    await write('notes.txt', new TextEncoder().encode('hello'));
    await expect(openSource(join(folder, 'notes.txt'))).rejects.toThrow('notes.txt: is not a folder with config.json');
    await expect(openSource(join(folder, 'none'))).rejects.toMatchObject({ code: 'invalid_file' });
    await expect(openSource(folder, { tokenizer: path })).rejects.toMatchObject({ code: 'invalid_value', param: 'tokenizer' });
  });

  it('should recognize GGUF by its first bytes, whatever its name', async () => {
    await write('model.bin', new TextEncoder().encode('GGUF'));
    await expect(openSource(join(folder, 'model.bin'))).rejects.toThrow('model.bin: version: takes 4 bytes');
  });
});
