import type { InferenceSession, Tensor } from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import { ort } from '../../../src/local/evaluate/onnx-session.ts';
import { OrtCache } from '../../../src/runtime/ort/ort-cache.ts';
import { type OrtModel, OrtSequence } from '../../../src/runtime/ort/ort-sequence.ts';
import { emptyLogits } from '../../generation/sampling/reference-logits.ts';

const SHAPE = { contextWindow: 64, vocabularySize: 7, keyValueHeads: 1, headDimension: 2 };
const IDS = Array.from({ length: 23 }, (_, index) => index * 3);

/** A session whose logits are the token id at each place; it notes how many tokens and rows each call has. */
function fakeModel(shape = SHAPE) {
  const calls: [tokens: number, rows: number][] = [];
  const inputNames = ['input_ids', 'num_logits_to_keep', 'past_key_values.0.key'];
  const run = async ({ input_ids, num_logits_to_keep, 'past_key_values.0.key': past }: Record<string, Tensor>) => {
    const ids = [...(input_ids.data as BigInt64Array)].map(Number);
    const rows = Number((num_logits_to_keep.data as BigInt64Array)[0]);
    calls.push([ids.length, rows]);
    const kept = ids.slice(-rows);
    const data = new Float32Array(rows * shape.vocabularySize);
    for (const [row, id] of kept.entries()) data.fill(id, row * shape.vocabularySize, (row + 1) * shape.vocabularySize);
    return { logits: { data, dims: [1, rows, shape.vocabularySize] }, 'present.0.key': past };
  };
  const session = { inputNames, run } as unknown as InferenceSession;
  const model: OrtModel = {
    ort,
    session,
    shape,
    logits: emptyLogits(shape.vocabularySize),
    cache: new OrtCache({ ...shape, kvBytesPerToken: 16 }, 1e6),
  };
  return { model, calls };
}

async function idsRead(sequence: OrtSequence, rows: number): Promise<[row: number, id: number][]> {
  const read: [number, number][] = [];
  await sequence.forwardEach(IDS, rows, ({ values }, row) => read.push([row, values[SHAPE.vocabularySize - 1]]));
  return read;
}

describe('OrtSequence', () => {
  it('should hand out the rows that forward returns', async () => {
    for (const rows of [0, 1, 5, 23]) {
      const { model, calls } = fakeModel();
      const sequence = new OrtSequence(model);
      expect(await idsRead(sequence, rows)).toEqual(IDS.slice(IDS.length - rows).map((id, row) => [row, id]));
      expect(calls).toEqual([[23, Math.max(1, rows)]]);
      expect(sequence.length).toBe(23);
      expect((await new OrtSequence(model).forward(IDS, rows)).length).toBe(rows * SHAPE.vocabularySize);
    }
  });

  it('should hold less than 8 MB of logits at once, and feed the tokens before them with the first', async () => {
    // As large a vocabulary as makes 5 rows 8 MB.
    const wide = { ...SHAPE, vocabularySize: Math.floor(2 ** 21 / 5) };
    for (const [rows, expected] of [
      [23, [5, 5, 5, 5, 3]],
      [12, [16, 5, 2]],
      [4, [23]],
    ] as const) {
      const { model, calls } = fakeModel(wide);
      await new OrtSequence(model).forwardEach(IDS, rows, () => {});
      expect(calls.map(([tokens]) => tokens)).toEqual(expected);
    }
  });

  it('should refuse what overflows the context window before it computes anything', async () => {
    const { model, calls } = fakeModel({ ...SHAPE, contextWindow: 22 });
    await expect(idsRead(new OrtSequence(model), 23)).rejects.toMatchObject({ code: 'context_length_exceeded' });
    expect(calls).toEqual([]);
  });

  it('should leave a fork usable when its origin is disposed, even twice', async () => {
    const { model } = fakeModel();
    const origin = new OrtSequence(model);
    await origin.forward([1, 2]);
    const fork = origin.fork();
    origin.dispose();
    origin.dispose();
    expect((await fork.forward([5]))[0]).toBe(5);
    expect(fork.length).toBe(3);
  });
});
