import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decoder } from '../../../src/core/decoder.ts';
import { openDecoder } from '../../../src/local/evaluate/open-decoder.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { randomDecoder } from './random-decoder.ts';

const GRAPHS = 300;
/** Decoders of one test, few enough that a failure says where to look. */
const AT_ONCE = 20;
/**
 * The largest difference of logits to onnxruntime-web, relative to the largest logit, by the fewest bits of a graph's
 * matrices.
 */
const TOLERANCES = { 32: 2e-5, 8: 2e-4, 4: 0.1 };

describe('random decoder graphs on the edge engine', () => {
  let folder: string;
  const worst = { 32: 0, 8: 0, 4: 0 };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-random-'));
  });
  afterAll(async () => {
    console.log(`largest differences to onnxruntime-web, relative, by bits of weights: ${JSON.stringify(worst)}`);
    await rm(folder, { recursive: true, force: true });
  });

  it.each(Array.from({ length: GRAPHS / AT_ONCE }, (_, index) => index * AT_ONCE))(
    'should give the logits of onnxruntime-web: graphs %i and on',
    async (start) => {
      for (let seed = start; seed < start + AT_ONCE; seed++) {
        const { folder: model, description, bits } = await randomDecoder(folder, seed);
        const [edge, ort] = [
          await openDecoder(model, { engine: 'edge', cacheFormat: 'f32' }),
          await openDecoder(model, { engine: 'ort', cacheFormat: 'auto' }),
        ];
        const difference = await largestDifference(edge, ort, new SeededRandom(seed));
        worst[bits] = Math.max(worst[bits], difference);
        expect(difference, `seed ${seed}: ${description}`).toBeLessThan(TOLERANCES[bits]);
        await ort.dispose();
      }
    },
  );
});

/** Feeds both engines the same parts of a random prompt, and compares the logits of a random number of rows. */
async function largestDifference(a: Decoder, b: Decoder, random: SeededRandom): Promise<number> {
  const [first, second] = [a.createSequence(), b.createSequence()];
  let largest = 0;
  let scale = 0;
  for (const count of [1 + random.integer(90), 1, 1 + random.integer(20), 1]) {
    const ids = random.list(count, () => random.integer(a.vocabularySize));
    const rows = 1 + random.integer(Math.min(count, 9));
    const [ours, theirs] = [await first.forward(ids, rows), await second.forward(ids, rows)];
    expect(ours.length).toBe(theirs.length);
    for (const [index, value] of ours.entries()) {
      largest = Math.max(largest, Math.abs(value - theirs[index]));
      scale = Math.max(scale, Math.abs(theirs[index]));
    }
  }
  return largest / scale;
}
