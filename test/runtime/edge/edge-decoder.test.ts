import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelFiles } from '../../../src/core/folder/model-files.ts';
import { sample } from '../../../src/generation/sampling/sampler.ts';
import { SAMPLING_DEFAULTS } from '../../../src/generation/sampling/sampling-options.ts';
import { compiledKernels } from '../../../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { openModelFolder } from '../../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import type { EdgePlan } from '../../../src/runtime/edge/plan/plan-graph.ts';
import { EdgeModel } from '../../../src/runtime/edge/run/edge-model.ts';
import { EdgeSequence } from '../../../src/runtime/edge/run/edge-sequence.ts';
import { logitsOf } from '../../generation/sampling/reference-logits.ts';
import { modules } from '../../kernels/compare.ts';
import { ids } from '../token-ids.ts';
import { planEdge } from './plan-edge.ts';
import { used } from './used-blocks.ts';

let files: ModelFiles;
let plan: EdgePlan;
beforeAll(async () => {
  files = new DiskModelFiles(await openModelFolder(DEFAULT_MODEL));
  plan = await planEdge(files, 'q8');
});
/** Room for the whole context window, and one more block. */
const smallest = () => EdgeModel.load(plan, files, { kernels: compiledKernels(), cacheBytes: 0 });

describe('the edge engine', () => {
  it('should give the same bits with all builds of the kernels', async () => {
    const logits = await Promise.all(
      Object.values(modules).map(async (kernels) => {
        const sequence = new EdgeSequence(await EdgeModel.load(plan, files, { kernels, cacheBytes: 0 }));
        await sequence.forward(ids(100));
        return sequence.forward([17]);
      }),
    );
    expect(logits).toHaveLength(3);
    for (const other of logits) expect(other).toEqual(logits[0]);
  });

  it('should hold weights, buffers and cache, and nothing else', async () => {
    const model = await smallest();
    expect(model.memory.bytes - model.layout.end).toBeLessThan(65_536);
    const sequence = new EdgeSequence(model);
    await sequence.forward(ids(512));
    const blocks = Math.ceil(512 / plan.cache.blockPositions);
    expect(model.memory.bytes - model.layout.end - blocks * plan.cache.blockBytes).toBeLessThan(65_536);
  });

  it('should share a past between forks, and not write to it', async () => {
    const model = await smallest();
    const origin = new EdgeSequence(model);
    await origin.forward(ids(130));
    expect(used(model.blocks)).toBe(2);
    const fork = origin.fork();
    expect(used(model.blocks)).toBe(2);
    await fork.forward(ids(40, 11));
    expect(used(model.blocks)).toBe(3);
    const alone = new EdgeSequence(await smallest());
    await alone.forward([...ids(130), 5]);
    await origin.forward([5]);
    expect(await origin.forward([6])).toEqual(await alone.forward([6]));
    origin.dispose();
    expect(used(model.blocks)).toBe(2);
    fork.dispose();
    expect(used(model.blocks)).toBe(0);
  });

  it('should refuse tokens that the other sequences leave no room for, and change nothing', async () => {
    const model = await smallest();
    const first = new EdgeSequence(model);
    await first.forward(ids(300));
    const second = new EdgeSequence(model);
    await second.forward(ids(100));
    const before = used(model.blocks);
    await expect(second.forward(ids(100))).rejects.toMatchObject({ code: 'memory_limit_exceeded' });
    expect([second.length, used(model.blocks)]).toEqual([100, before]);
    first.dispose();
    const expected = new EdgeSequence(await smallest());
    await expected.forward(ids(100));
    expect(await second.forward(ids(100))).toEqual(await expected.forward(ids(100)));
  });

  it('should free the blocks of a sequence once, however often it is disposed', async () => {
    const model = await smallest();
    const first = new EdgeSequence(model);
    await first.forward(ids(200));
    first.dispose();
    const second = new EdgeSequence(model);
    await second.forward(ids(200));
    first.dispose();
    expect(used(model.blocks)).toBe(2);
    // The blocks still belong to the second sequence, so a third one gets others.
    const expected = await second.fork().forward([9]);
    await new EdgeSequence(model).forward(ids(100, 11));
    expect(await second.forward([9])).toEqual(expected);
  });

  it('should hand out logits where they lie, row by row, also when the memory has grown', async () => {
    const model = await smallest();
    const expected = await new EdgeSequence(model).forward(ids(150), 150);
    const seen: Float32Array[] = [];
    await new EdgeSequence(model).forwardEach(ids(150), 150, (logits, row) => {
      expect(row).toBe(seen.length);
      expect(logits.values.buffer).toBe(model.memory.memory.buffer);
      seen.push(logits.values.slice());
      // The reader may change the row.
      logits.values.fill(Number.NaN);
    });
    expect(seen).toHaveLength(150);
    for (const [row, values] of seen.entries()) expect(values).toEqual(expected.slice(row * values.length, (row + 1) * values.length));
  });

  it('should choose a token where the logits lie as a memory of its own would', async () => {
    const model = await smallest();
    const sequence = new EdgeSequence(model);
    const options = { ...SAMPLING_DEFAULTS, topP: 0.9, topK: 200 };
    for (let step = 0; step < 20; step++) {
      const random = step / 20;
      await sequence.forwardEach(ids(1 + step, 3 + step), 1, (logits) => {
        const apart = logitsOf(logits.values.slice());
        expect(sample(logits, options, random)).toBe(sample(apart, options, random));
        expect(logits.weights).toEqual(apart.weights);
      });
    }
  });

  it('should free the blocks of a sequence that was dropped without being disposed', async () => {
    const model = await smallest();
    await (async () => void (await new EdgeSequence(model).forward(ids(300))))();
    expect(used(model.blocks)).toBe(3);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let round = 0; round < 50 && used(model.blocks) > 0; round++) {
      collect();
      await wait(10);
    }
    expect(used(model.blocks)).toBe(0);
  });
});
