import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { Decoder } from '../../src/core/decoder.ts';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const ASSETS = join(import.meta.dirname, '../../model-assets');

interface Reference {
  readonly ids: readonly number[];
  readonly last_logits?: readonly number[];
  readonly prompt_logprobs: readonly (number | null)[];
  readonly greedy_ids: readonly number[];
}

/**
 * If float32 sums are added in another order, logits stay within 1.2e-5 of the reference. The smallest mistake, another
 * epsilon, moves them by 2e-4.
 */
const FLOAT32_TOLERANCE = 5e-5;
/**
 * Rounding the tiny model's random weights to float16 moves its logits by up to 6e-3. A wrong graph moves them by more
 * than 0.1.
 */
const ROUNDED_TOLERANCE = 0.02;

/**
 * The default model's reference uses the weights in q8 that both engines multiply by. onnxruntime-web computes with
 * them in float32, and is 7e-6 off. The edge engine rounds the activations that it multiplies by them to 16 bits, which
 * moves logits by up to 5e-4.
 */
const QUANTIZED_TOLERANCE = { ort: FLOAT32_TOLERANCE, edge: 1e-3 };

const CASES = [
  { reference: 'tiny-gpt2', dtype: 'fp32', tolerance: FLOAT32_TOLERANCE },
  { reference: 'tiny-gpt2', dtype: 'fp16', tolerance: ROUNDED_TOLERANCE },
  { reference: 'tiny-gpt2-variant', dtype: 'fp32', tolerance: FLOAT32_TOLERANCE },
  { reference: 'tiny-gpt-neo', dtype: 'fp32', tolerance: FLOAT32_TOLERANCE },
  { reference: 'tiny-gpt-neo', dtype: 'fp16', tolerance: ROUNDED_TOLERANCE },
  // The weights of the next two checkpoints are exact in float16, too.
  { reference: 'tiny-llama', dtype: 'fp32', tolerance: FLOAT32_TOLERANCE },
  { reference: 'tiny-llama', dtype: 'fp16', tolerance: FLOAT32_TOLERANCE },
  { reference: 'tiny-llama-rope3', dtype: 'fp32', tolerance: FLOAT32_TOLERANCE },
  { reference: 'tiny-llama-rope3', dtype: 'fp16', tolerance: FLOAT32_TOLERANCE },
  // So are those of the next ones, all of which are float16.
  ...['llama-bias', 'mistral', 'qwen2', 'qwen3', 'gemma3', 'gpt-neox', 'gpt-neox-variant', 'opt', 'opt-variant'].flatMap((family) =>
    ['fp32', 'fp16'].map((dtype) => ({ reference: `tiny-${family}`, dtype, tolerance: FLOAT32_TOLERANCE })),
  ),
  { reference: 'tinystories-gpt2', dtype: 'as committed', tolerance: QUANTIZED_TOLERANCE },
];
const ENGINES = ['ort', 'edge'] as const;

describe.each(CASES.flatMap((given) => ENGINES.map((engine) => ({ ...given, engine }))))(
  '$reference in $dtype on $engine',
  ({ reference: name, dtype, tolerance: tolerances, engine }) => {
    const tolerance = typeof tolerances === 'number' ? tolerances : tolerances[engine];
    let folder: string;
    let decoder: Decoder;
    let references: readonly Reference[];
    const forward = async (ids: readonly number[], rows?: number) => (await decoder.createSequence().forward(ids, rows)).slice();

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gpt-edge-golden-'));
      const asset = dtype === 'as committed';
      if (!asset) await convertModel({ source: join(GOLDEN, name), target: join(folder, 'model'), dtype });
      const model = await openModelFolder(asset ? join(ASSETS, name) : join(folder, 'model'));
      decoder = await openDecoder(model, { engine, cacheFormat: 'f32' });
      const file = JSON.parse(await readFile(join(GOLDEN, name, 'reference.json'), 'utf8'));
      references = file.sequences ?? [...file.prompts, ...file.chats];
    });
    afterAll(async () => {
      await decoder?.dispose();
      await rm(folder, { recursive: true, force: true });
    });

    it("should give the reference's logits after a prompt", async () => {
      for (const { ids, last_logits: expected } of references)
        if (expected) expect(distance(await forward(ids), expected)).toBeLessThan(tolerance);
    });

    it("should give the reference's log-probability of every token of a prompt", async () => {
      for (const { ids, prompt_logprobs: expected } of references) {
        const logits = await forward(ids, ids.length);
        const own = ids.map((id, index) => (index === 0 ? 0 : logProbability(row(logits, index - 1, decoder.vocabularySize), id)));
        expect(distance(own, [0, ...expected.slice(1).map(Number)])).toBeLessThan(2 * tolerance);
      }
    });

    it("should go on with the reference's greedy tokens", async () => {
      for (const { ids, greedy_ids: expected } of references) {
        const sequence = decoder.createSequence();
        let logits = await sequence.forward(ids);
        const tokens: number[] = [];
        while (tokens.length < expected.length) {
          tokens.push(argmax(logits));
          if (sequence.length < decoder.contextWindow) logits = await sequence.forward(tokens.slice(-1));
        }
        expect(tokens).toEqual(expected);
      }
    });

    it('should give the same logits in one call, in pieces and token by token', async () => {
      const { ids } = references.find((candidate) => candidate.ids.length >= 8 && candidate.ids.length < decoder.contextWindow)!;
      const expected = await forward(ids);
      for (const pieceLength of [1, 5]) {
        const sequence = decoder.createSequence();
        let logits = new Float32Array() as Float32Array;
        for (let start = 0; start < ids.length; start += pieceLength)
          logits = await sequence.forward(ids.slice(start, start + pieceLength));
        expect(sequence.length).toBe(ids.length);
        // The edge engine promises identical bits.
        expect(distance(logits, expected)).toBeLessThanOrEqual(engine === 'edge' ? 0 : 1e-4);
      }
    });

    it('should give the logits of as many last positions as were asked for', async () => {
      const { ids } = references.find((candidate) => candidate.ids.length >= 4)!;
      const all = await forward(ids, ids.length);
      const two = await forward(ids, 2);
      expect(two.length).toBe(2 * decoder.vocabularySize);
      expect(distance(two, all.subarray(-2 * decoder.vocabularySize))).toBeLessThanOrEqual(engine === 'edge' ? 0 : 1e-4);
    });
  },
);

function row(values: Float32Array, index: number, width: number): Float32Array {
  return values.subarray(index * width, (index + 1) * width);
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let index = 0; index < a.length; index++) largest = Math.max(largest, Math.abs(a[index] - b[index]));
  return largest;
}

function argmax(values: Float32Array): number {
  return values.indexOf(values.reduce((a, b) => Math.max(a, b)));
}

function logProbability(logits: Float32Array, id: number): number {
  const largest = logits[argmax(logits)];
  return logits[id] - largest - Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}
