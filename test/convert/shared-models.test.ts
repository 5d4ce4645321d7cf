import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { Decoder } from '../../src/core/decoder.ts';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { IncrementalDetokenizer } from '../../src/tokenizer/incremental-detokenizer.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

/**
 * Compares whole models with references from transformers and llama2.c. They are too large for the repository:
 * GPT_EDGE_MODELS names a folder with `models/stories260k`, `models/smollm2-135m-instruct` and their references under
 * `fixtures/`, and small checkpoints under `fixtures/families`. Without it, these tests are skipped.
 */
const ROOT = process.env.GPT_EDGE_MODELS ?? '';
const has = (...paths: string[]) => ROOT !== '' && paths.every((path) => existsSync(join(ROOT, path)));
const readReference = (path: string) => JSON.parse(readFileSync(join(ROOT, 'fixtures', path), 'utf8'));

const ENGINES = ['ort', 'edge'] as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-models-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function openTokenizer(path: string): TextTokenizer {
  const read = (name: string) => readFileSync(join(path, name));
  return new TextTokenizer(parseTokenizerJson(read('tokenizer.json')));
}

const STORIES = 'models/stories260k/stories260K.bin';
describe.skipIf(!has(STORIES, 'fixtures/stories260k/reference.json'))('stories260K from llama2.c (skipped without GPT_EDGE_MODELS)', () => {
  let target: string;
  let tokenizer: TextTokenizer;
  let reference: {
    encode: { text: string; ids: number[]; ids_no_bos: number[] }[];
    prompts: { prompt: string; ids: number[]; greedy_ids: number[]; greedy_text: string; greedy_logprobs: number[]; full_text: string }[];
  };

  beforeAll(async () => {
    target = join(folder, 'stories');
    expect(await convertModel({ source: join(ROOT, STORIES), target })).toMatchObject({ dtype: 'fp32', eosTokenIds: [1, 2] });
    tokenizer = openTokenizer(target);
    reference = readReference('stories260k/reference.json');
  });

  it('should encode as run.c does, and read back', () => {
    for (const { text, ids, ids_no_bos } of reference.encode) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.encode(text, { addSpecialTokens: false }), text).toEqual(ids_no_bos);
      expect(tokenizer.decode(ids), text).toBe(text);
    }
  });

  it.each(ENGINES)("should write run.c's stories on %s", async (engine) => {
    const decoder = await openDecoder(await openModelFolder(target), { engine, cacheFormat: 'f32' });
    for (const { prompt, ids, greedy_ids, greedy_text, greedy_logprobs, full_text } of reference.prompts) {
      expect(tokenizer.encode(prompt)).toEqual(ids);
      const detokenizer = new IncrementalDetokenizer(tokenizer, ids);
      const sequence = decoder.createSequence();
      let logits = await sequence.forward(ids);
      let text = '';
      for (const [index, id] of greedy_ids.entries()) {
        expect(argmax(logits)).toBe(id);
        expect(Math.abs(logProbability(logits, id) - greedy_logprobs[index])).toBeLessThan(1e-3);
        text += detokenizer.push(id);
        logits = await sequence.forward([id]);
      }
      expect(text + detokenizer.flush()).toBe(greedy_text);
      expect(tokenizer.decode([...ids, ...greedy_ids])).toBe(full_text);
      sequence.dispose();
    }
    await decoder.dispose();
  });
});

const SMOLLM = 'models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf';
describe.skipIf(!has(SMOLLM, 'fixtures/smollm2-135m-instruct'))('SmolLM2-135M-Instruct from GGUF (skipped without GPT_EDGE_MODELS)', () => {
  const decoders: { decoder: Decoder; tolerance: number }[] = [];
  let tokenizer: TextTokenizer;

  beforeAll(async () => {
    const target = join(folder, 'smollm');
    expect(await convertModel({ source: join(ROOT, SMOLLM), target, contextWindow: 1024 })).toMatchObject({
      license: 'apache-2.0',
      eosTokenIds: [2],
      parameters: 134_515_008,
    });
    const open = async (engine: 'ort' | 'edge', cacheFormat: 'f32' | 'q8') =>
      openDecoder(await openModelFolder(target), { engine, cacheFormat });
    decoders.push(
      { decoder: await open('ort', 'f32'), tolerance: 1e-3 },
      // With 8-bit activations.
      { decoder: await open('edge', 'f32'), tolerance: 0.02 },
      { decoder: await open('edge', 'q8'), tolerance: 0.02 },
    );
    tokenizer = openTokenizer(target);
  });
  afterAll(async () => {
    for (const { decoder } of decoders) await decoder.dispose();
  });

  it('should give the ids of llama.cpp, special tokens read and spelled out', () => {
    const { strings } = readReference('smollm2-135m-instruct/tokenizer-oracle.json');
    for (const { text, ids, ids_plain, ids_add_special_tokens, decoded, decoded_skip_special } of strings) {
      expect(tokenizer.encode(text, { parseSpecialTokens: true, addSpecialTokens: false }), text).toEqual(ids);
      expect(tokenizer.encode(text, { parseSpecialTokens: true }), text).toEqual(ids_add_special_tokens);
      expect(tokenizer.encode(text), text).toEqual(ids_plain);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(decoded);
      expect(tokenizer.decode(ids)).toBe(decoded_skip_special);
    }
  });

  it("should give the reference's nats per token", async () => {
    for (const { ids, nll_per_token } of readReference('smollm2-135m-instruct/reference.json').nll) {
      for (const { decoder, tolerance } of decoders) {
        const logits = await decoder.createSequence().forward(ids, ids.length);
        const row = (index: number) => logits.subarray(index * decoder.vocabularySize, (index + 1) * decoder.vocabularySize);
        const nats: number[] = ids.slice(1).map((id: number, index: number) => -logProbability(row(index), id));
        const mean = nats.reduce((sum, value) => sum + value, 0) / nats.length;
        console.log(`${decoder.engine}: ${mean.toFixed(4)} nats per token, ${nll_per_token} expected`);
        expect(Math.abs(mean - nll_per_token)).toBeLessThan(tolerance);
      }
    }
  });

  it("should agree with the reference's next token wherever that is clear", async () => {
    for (const { ids, greedy_ids, greedy_margins } of readReference('smollm2-135m-instruct/reference.json').chat) {
      for (const { decoder } of decoders) {
        const logits = await decoder.createSequence().forward([...ids, ...greedy_ids], greedy_ids.length + 1);
        for (const [index, id] of greedy_ids.entries()) {
          if (greedy_margins[index] < 0.3) continue;
          expect(argmax(logits.subarray(index * decoder.vocabularySize, (index + 1) * decoder.vocabularySize))).toBe(id);
        }
      }
    }
  });
});

const FAMILIES = has('fixtures/families') ? readdirSync(join(ROOT, 'fixtures/families')) : [];
describe.skipIf(FAMILIES.length === 0)('small checkpoints of other families (skipped without GPT_EDGE_MODELS)', () => {
  it.each(FAMILIES.flatMap((family) => ENGINES.map((engine) => ({ family, engine }))))(
    "should give the reference's logits and greedy tokens: $family on $engine",
    async ({ family, engine }) => {
      const target = join(folder, `${family}-${engine}`);
      await convertModel({ source: join(ROOT, 'fixtures/families', family), target, dtype: 'fp32' });
      const decoder = await openDecoder(await openModelFolder(target), { engine, cacheFormat: 'f32' });
      for (const { ids, last_logits, greedy_ids } of readReference(`families/${family}/reference.json`).sequences) {
        const sequence = decoder.createSequence();
        let logits = await sequence.forward(ids);
        expect(Math.max(...logits.map((value, index) => Math.abs(value - last_logits[index])))).toBeLessThan(2e-4);
        for (const id of greedy_ids) {
          expect(argmax(logits)).toBe(id);
          if (sequence.length < decoder.contextWindow) logits = await sequence.forward([id]);
        }
        sequence.dispose();
      }
      await decoder.dispose();
    },
  );
});

function argmax(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}

function logProbability(logits: Float32Array, id: number): number {
  const largest = logits[argmax(logits)];
  return logits[id] - largest - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}
