import { beforeAll, describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/model/decoder.ts';
import { createOrtDecoder } from '../../src/runtime/ort/create-ort-decoder.ts';
import { R2ModelFiles } from '../../src/storage/r2-model-files.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from './helpers.ts';

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((max, value, index) => Math.max(max, Math.abs(value - b[index])), 0);

describe('the decoder on onnxruntime-web', () => {
  let decoder: Decoder;
  beforeAll(async () => {
    const { id } = await seedModel(DEFAULT_MODEL);
    decoder = await createOrtDecoder(await R2ModelFiles.open(testEnv.MODELS, id));
  });
  const prompt = [419, 429, 259, 395, 12, 335];

  it('should give the same logits for a prompt in one call and token by token', async () => {
    const whole = await decoder.createSequence().forward(prompt, prompt.length);
    expect(whole.length).toBe(prompt.length * decoder.vocabularySize);
    const sequence = decoder.createSequence();
    for (const [index, token] of prompt.entries()) {
      const row = whole.subarray(index * decoder.vocabularySize, (index + 1) * decoder.vocabularySize);
      expect(largestDifference(await sequence.forward([token]), row)).toBeLessThan(1e-4);
      expect(sequence.length).toBe(index + 1);
    }
  });

  it('should keep sequences independent of each other', async () => {
    const [first, second] = [decoder.createSequence(), decoder.createSequence()];
    await Promise.all([first.forward(prompt), second.forward([...prompt].reverse())]);
    const [a, b] = await Promise.all([first.forward([500]), second.forward([500])]);
    const alone = decoder.createSequence();
    await alone.forward(prompt);
    expect(largestDifference(await alone.forward([500]), a)).toBe(0);
    expect(largestDifference(a, b)).toBeGreaterThan(0.1);
  });

  it('should let a fork and its origin go on independently', async () => {
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

  it('should refuse what overflows the context window and leave the sequence as it was', async () => {
    const sequence = decoder.createSequence();
    await sequence.forward(new Array(decoder.contextWindow - 1).fill(259));
    await expect(sequence.forward([1, 2])).rejects.toMatchObject({ code: 'context_length_exceeded' });
    expect(sequence.length).toBe(decoder.contextWindow - 1);
    expect((await sequence.forward([259])).length).toBe(decoder.vocabularySize);
  });
});
