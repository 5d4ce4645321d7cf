import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { openDecoder } from '../../../src/local/evaluate/open-decoder.ts';
import { planEngine } from '../../../src/runtime/plan-engine.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { randomDecoder } from './random-decoder.ts';

const GRAPHS = 40;

describe('random decoder graphs with a shorter context window', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-window-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('should load only the rows of tables that they need, and give the same bits', async () => {
    const layouts = new Set<string>();
    for (let seed = 0; seed < GRAPHS; seed++) {
      const { folder: model, description } = await randomDecoder(folder, seed);
      const random = new SeededRandom(seed);
      const contextWindow = 1 + random.integer(159);
      const choice = { engine: 'edge', cacheFormat: random.pick(['f32', 'q8'] as const) } as const;
      const [cut, whole] = [await openDecoder(model, { ...choice, contextWindow }), await openDecoder(model, choice)];
      const ids = random.list(contextWindow, () => random.integer(cut.vocabularySize));
      const sequence = cut.createSequence();
      const [ours, theirs] = [await sequence.forward(ids, ids.length), await whole.createSequence().forward(ids, ids.length)];
      expect(ours, `seed ${seed}, ${contextWindow} positions: ${description}`).toEqual(theirs);
      await expect(sequence.forward([1])).rejects.toMatchObject({ code: 'context_length_exceeded' });

      const planned = await planEngine(new DiskModelFiles(model), { ...choice, contextWindow }, Number.POSITIVE_INFINITY);
      for (const { isByPosition, outputs, layout } of planned.engine === 'edge' ? planned.plan.weights : []) {
        if (!isByPosition) continue;
        expect(outputs).toBe(contextWindow);
        layouts.add(layout);
      }
    }
    expect([...layouts].sort()).toEqual(['f16', 'f32', 'plain', 'q4', 'q8']);
  });
});
