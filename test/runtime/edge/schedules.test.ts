import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { type ModelFolder, openModelFolder } from '../../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import { createEdgeDecoder } from '../../../src/runtime/edge/create-edge-decoder.ts';
import type { CacheFormat } from '../../../src/runtime/edge/plan/cache-shape.ts';
import { modules } from '../../kernels/compare.ts';
import { runRandomSchedule } from '../random-schedule.ts';
import { planEdge } from './plan-edge.ts';
import { randomDecoder } from './random-decoder.ts';

/** Four blocks, the last of them not a whole one. */
const CONTEXT_WINDOW = 416;

/**
 * A decoder whose cache has room for little more than one sequence, and another one for lone runs, on the other build
 * of the kernels.
 */
async function decoders(folder: ModelFolder, cacheFormat: CacheFormat, moreBlocks: number) {
  const files = new DiskModelFiles(folder);
  const plan = await planEdge(files, cacheFormat);
  const { windowBlocks, blockBytes } = plan.cache;
  const cacheBytes = (windowBlocks + moreBlocks) * blockBytes;
  return [
    await createEdgeDecoder(plan, files, { kernels: modules.relaxed, cacheBytes }),
    await createEdgeDecoder(plan, files, { kernels: modules.plain, cacheBytes: 2 ** 30 }),
  ] as const;
}

describe('many sequences on the edge engine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-schedules-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(Array.from({ length: 16 }, (_, seed) => seed))('should each give the logits of its lone run: random graph %i', async (seed) => {
    const { folder: model, description } = await randomDecoder(folder, seed, CONTEXT_WINDOW);
    const [decoder, apart] = await decoders(model, seed % 2 === 0 ? 'f32' : 'q8', seed % 6);
    const schedule = { seed, steps: 120, tokens: seed % 3 === 0 ? [1, 2] : [1, 2, 3, 4, 5], lone: 'singly' } as const;
    const counts = await runRandomSchedule(decoder, apart, schedule).catch((error: Error) => {
      throw new Error(`${description}: ${error.message}`, { cause: error });
    });
    console.log(`seed ${seed}: ${JSON.stringify(counts)}`);
    expect(counts.feeds).toBeGreaterThan(100);
    // In a vocabulary of a few groups, there are none that could be left out.
    const { withheld: _, ...others } = counts;
    for (const count of Object.values(others)) expect(count).toBeGreaterThan(0);
  });

  it.each(['f32', 'q8'] as const)('should each give the logits of its lone run: the default model, cache %s', async (cacheFormat) => {
    const [decoder, apart] = await decoders(await openModelFolder(DEFAULT_MODEL), cacheFormat, 3);
    const counts = await runRandomSchedule(decoder, apart, { seed: 1, steps: 40, tokens: [259, 395, 419, 429], lone: 'singly' });
    console.log(`${cacheFormat}: ${JSON.stringify(counts)}`);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(0);
  });
});
