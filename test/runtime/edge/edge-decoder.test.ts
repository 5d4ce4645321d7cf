import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ModelFiles } from '../../../src/core/folder/model-files.ts';
import { compiledKernels } from '../../../src/local/compiled-kernels.ts';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { openModelFolder } from '../../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import type { EdgePlan } from '../../../src/runtime/edge/plan/plan-graph.ts';
import { planModel } from '../../../src/runtime/edge/plan/plan-model.ts';
import { EdgeModel } from '../../../src/runtime/edge/run/edge-model.ts';
import { EdgeSequence } from '../../../src/runtime/edge/run/edge-sequence.ts';
import { modules } from '../../kernels/compare.ts';

let files: ModelFiles;
let plan: EdgePlan;
beforeAll(async () => {
  files = new DiskModelFiles(await openModelFolder(DEFAULT_MODEL));
  plan = await planModel(files, 'q8');
});
/** Room for the whole context window, and a chunk more. */
const smallest = () => EdgeModel.load(plan, files, { kernels: compiledKernels(), cacheBytes: 0 });
const ids = (count: number, step = 7) => Array.from({ length: count }, (_, index) => 1 + ((index * step) % 4000));

describe('the edge engine', () => {
  it('should give the same bits with and without relaxed SIMD', async () => {
    const logits = await Promise.all(
      Object.values(modules).map(async (kernels) => {
        const sequence = new EdgeSequence(await EdgeModel.load(plan, files, { kernels, cacheBytes: 0 }));
        await sequence.forward(ids(100));
        return sequence.forward([17]);
      }),
    );
    expect(logits[0]).toEqual(logits[1]);
  });

  it('should hold weights, buffers and cache, and nothing else', async () => {
    const model = await smallest();
    expect(model.memory.bytes - model.layout.end).toBeLessThan(65_536);
    const sequence = new EdgeSequence(model);
    await sequence.forward(ids(512));
    const chunks = Math.ceil(512 / plan.cache.blockPositions);
    expect(model.memory.bytes - model.layout.end - chunks * plan.cache.blockBytes).toBeLessThan(65_536);
  });

  it('should share a past between forks, and write none of it', async () => {
    const model = await smallest();
    const origin = new EdgeSequence(model);
    await origin.forward(ids(130));
    expect(model.chunks.used).toBe(2);
    const fork = origin.fork();
    expect(model.chunks.used).toBe(3);
    await fork.forward(ids(40, 11));
    const alone = new EdgeSequence(await smallest());
    await alone.forward([...ids(130), 5]);
    await origin.forward([5]);
    expect(await origin.forward([6])).toEqual(await alone.forward([6]));
    origin.dispose();
    expect(model.chunks.used).toBe(2);
    fork.dispose();
    expect(model.chunks.used).toBe(0);
  });

  it('should refuse a sequence that the others leave no room for, and change nothing', async () => {
    const model = await smallest();
    const first = new EdgeSequence(model);
    await first.forward(ids(400));
    const second = new EdgeSequence(model);
    await second.forward(ids(100));
    const before = model.chunks.used;
    await expect(second.forward(ids(100))).rejects.toMatchObject({ code: 'memory_limit_exceeded' });
    expect([second.length, model.chunks.used]).toEqual([100, before]);
    first.dispose();
    const expected = new EdgeSequence(await smallest());
    await expected.forward(ids(100));
    expect(await second.forward(ids(100))).toEqual(await expected.forward(ids(100)));
  });

  it('should take back what a forgotten sequence holds', async () => {
    const model = await smallest();
    await (async () => void (await new EdgeSequence(model).forward(ids(300))))();
    expect(model.chunks.used).toBe(3);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    for (let round = 0; round < 50 && model.chunks.used > 0; round++) {
      collect();
      await wait(10);
    }
    expect(model.chunks.used).toBe(0);
  });
});
