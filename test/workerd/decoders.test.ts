import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import kernels from '../../dist/kernels/relaxed.wasm';
import vnni from '../../dist/kernels/vnni.wasm';
import type { Decoder } from '../../src/core/decoder.ts';
import { createDecoder } from '../../src/runtime/create-decoder.ts';
import { planEngine } from '../../src/runtime/plan-engine.ts';
import { R2ModelFiles } from '../../src/storage/r2-model-files.ts';
import { runRandomSchedule } from '../runtime/random-schedule.ts';
import { DEFAULT_MODEL, projectJson, seedModel, testEnv } from './helpers.ts';

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((max, value, index) => Math.max(max, Math.abs(value - b[index])), 0);

const LIMIT_BYTES = 128e6;

/**
 * How far logits may be from those of transformers in float32, on the same weights. onnxruntime-web is off by 7e-6; the
 * edge engine, which rounds activations to 16 bits, by 5e-4, and by 0.05 if keys and values have 8 bits.
 */
describe.each([
  { engine: 'ort', cacheFormat: 'auto', referenceTolerance: 5e-5 },
  { engine: 'edge', cacheFormat: 'f32', referenceTolerance: 1e-3 },
  { engine: 'edge', cacheFormat: 'q8', referenceTolerance: 0.1 },
] as const)('the decoder on $engine, cache $cacheFormat', ({ referenceTolerance, ...choice }) => {
  let decoder: Decoder;
  beforeAll(async () => {
    const { id } = await seedModel(DEFAULT_MODEL);
    const files = await R2ModelFiles.open(testEnv.MODELS, id);
    decoder = await createDecoder(files, await planEngine(files, choice, LIMIT_BYTES), kernels, LIMIT_BYTES);
    expect(decoder.engine).toBe(choice.engine === 'edge' ? `edge-${choice.cacheFormat}` : 'ort');
  });
  afterAll(() => decoder.dispose());
  /** The edge engine gives the same bits for one token at a time and for many. */
  const tolerance = choice.engine === 'edge' ? 0 : 1e-4;
  const prompt = [419, 429, 259, 395, 12, 335];

  it("should give the reference's logits", async () => {
    const { prompts } = await projectJson<{ prompts: { ids: number[]; last_logits?: number[] }[] }>(
      'test/golden/tinystories-gpt2/reference.json',
    );
    const withLogits = prompts.filter(({ last_logits }) => last_logits);
    expect(withLogits.length).toBeGreaterThan(0);
    for (const { ids, last_logits } of withLogits)
      expect(largestDifference(await decoder.createSequence().forward(ids), Float32Array.from(last_logits!))).toBeLessThan(
        referenceTolerance,
      );
  });

  it('should give the same logits for a prompt in one call and token by token', async () => {
    const whole = await decoder.createSequence().forward(prompt, prompt.length);
    expect(whole.length).toBe(prompt.length * decoder.vocabularySize);
    const sequence = decoder.createSequence();
    for (const [index, token] of prompt.entries()) {
      const row = whole.subarray(index * decoder.vocabularySize, (index + 1) * decoder.vocabularySize);
      expect(largestDifference(await sequence.forward([token]), row)).toBeLessThanOrEqual(tolerance);
      expect(sequence.length).toBe(index + 1);
    }
  });

  it('should give no logits if none are asked for, and continue from there', async () => {
    const sequence = decoder.createSequence();
    expect((await sequence.forward(prompt.slice(0, 4), 0)).length).toBe(0);
    const logits = (await sequence.forward(prompt.slice(4))).slice();
    expect(largestDifference(await decoder.createSequence().forward(prompt), logits)).toBeLessThanOrEqual(tolerance);
  });

  it('should keep sequences independent of each other', async () => {
    const [first, second] = [decoder.createSequence(), decoder.createSequence()];
    await Promise.all([first.forward(prompt), second.forward([...prompt].reverse())]);
    const a = (await first.forward([500])).slice();
    const b = await second.forward([500]);
    const alone = decoder.createSequence();
    await alone.forward(prompt);
    expect(largestDifference(await alone.forward([500]), a)).toBe(0);
    expect(largestDifference(a, b)).toBeGreaterThan(0.1);
  });

  it('should let a fork and its origin continue independently', async () => {
    const origin = decoder.createSequence();
    await origin.forward(prompt);
    const fork = origin.fork();
    const expected = (await origin.forward([500])).slice();
    await fork.forward([700]);
    await fork.forward([701]);
    expect([origin.length, fork.length]).toEqual([prompt.length + 1, prompt.length + 2]);
    const again = decoder.createSequence();
    await again.forward(prompt);
    expect(largestDifference(await again.forward([500]), expected)).toBe(0);
    origin.dispose();
    expect((await fork.forward([702])).every(Number.isFinite)).toBe(true);
  });

  it('should hand out the logits that it returns, one row at a time', async () => {
    const { vocabularySize } = decoder;
    const whole = await decoder.createSequence().forward(prompt, 5);
    const rows: number[] = [];
    await decoder.createSequence().forwardEach(prompt, 5, ({ values }, row) => {
      rows.push(row);
      expect(largestDifference(values, whole.subarray(row * vocabularySize, (row + 1) * vocabularySize))).toBe(0);
    });
    expect(rows).toEqual([0, 1, 2, 3, 4]);
  });

  it('should dispose a sequence once, however often it is asked to', async () => {
    const [origin, other] = [decoder.createSequence(), decoder.createSequence()];
    await origin.forward(prompt);
    const fork = origin.fork();
    origin.dispose();
    await other.forward([...prompt].reverse());
    origin.dispose();
    const alone = decoder.createSequence();
    await alone.forward(prompt);
    expect(await fork.forward([500])).toEqual(await alone.forward([500]));
    for (const sequence of [fork, fork, other, alone]) sequence.dispose();
  });

  it('should refuse what overflows the context window and leave the sequence as it was', async () => {
    const sequence = decoder.createSequence();
    await sequence.forward(new Array(decoder.contextWindow - 1).fill(259));
    await expect(sequence.forward([1, 2])).rejects.toMatchObject({ code: 'context_length_exceeded' });
    expect(sequence.length).toBe(decoder.contextWindow - 1);
    expect((await sequence.forward([259])).length).toBe(decoder.vocabularySize);
  });
});

describe('the edge engine', () => {
  it('should give the same logits with the build that adds dot products', async () => {
    const { id } = await seedModel(DEFAULT_MODEL);
    const files = await R2ModelFiles.open(testEnv.MODELS, id);
    const plan = await planEngine(files, { engine: 'edge', cacheFormat: 'q8' }, LIMIT_BYTES);
    const logits = [];
    for (const build of [kernels, vnni]) {
      const decoder = await createDecoder(files, plan, build, LIMIT_BYTES);
      logits.push((await decoder.createSequence().forward([419, 429, 259, 395, 12, 335], 6)).slice());
      await decoder.dispose();
    }
    expect(logits[0]).toEqual(logits[1]);
  });
});
it.each(['f32', 'q8'] as const)(
  'many sequences on the edge engine should each give the logits of a lone run, cache %s',
  async (cacheFormat) => {
    const { id } = await seedModel(DEFAULT_MODEL);
    const files = await R2ModelFiles.open(testEnv.MODELS, id);
    const plan = await planEngine(files, { engine: 'edge', cacheFormat }, LIMIT_BYTES);
    if (plan.engine !== 'edge') throw new Error('the edge engine was asked for');
    // Room for one sequence and one more block.
    const decoder = await createDecoder(files, plan, kernels, plan.memory.totalBytes + plan.plan.cache.blockBytes);
    const apart = await createDecoder(files, plan, kernels, LIMIT_BYTES);
    const counts = await runRandomSchedule(decoder, apart, { seed: 1, steps: 40, tokens: [259, 395, 419, 429], lone: 'singly' });
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
  },
);
