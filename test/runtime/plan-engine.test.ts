import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DiskModelFiles } from '../../src/local/disk-model-files.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import type { EngineChoice } from '../../src/runtime/engine-choice.ts';
import { checkMemory, planEngine } from '../../src/runtime/plan-engine.ts';
import { randomDecoder } from './edge/random-decoder.ts';

const files = new DiskModelFiles(await openModelFolder(DEFAULT_MODEL));
const plan = (choice: Partial<EngineChoice>, limitBytes: number) =>
  planEngine(files, { engine: 'edge', cacheFormat: 'f32', ...choice }, limitBytes);
const bytesOf = async (contextWindow: number, choice: Partial<EngineChoice> = {}) =>
  (await plan({ ...choice, contextWindow }, Number.POSITIVE_INFINITY)).memory.totalBytes;

describe('a context window that does not fit', () => {
  it.each([{ engine: 'edge', cacheFormat: 'f32' } as const, { engine: 'edge', cacheFormat: 'q8' } as const, { engine: 'ort' } as const])(
    'should be cut to whole blocks that fit: $engine $cacheFormat',
    async (choice) => {
      const [whole, three, two] = [await bytesOf(512, choice), await bytesOf(384, choice), await bytesOf(256, choice)];
      for (const [limit, window] of [
        [whole, 512],
        [whole - 1, 384],
        [three, 384],
        [three - 1, 256],
        [two, 256],
      ]) {
        const planned = await plan(choice, limit);
        expect(planned).toMatchObject({ engine: choice.engine, contextWindow: window, isWindowChosen: false });
        expect(planned.memory.totalBytes).toBeLessThanOrEqual(limit);
        checkMemory('m', planned, limit);
      }
      const refused = await plan(choice, two - 1);
      expect(() => checkMemory('m', refused, two - 1)).toThrow(
        /^m needs .* KV cache of 256 tokens.* MB\. That is over the limit of [\d.]+ MB \(MEMORY_LIMIT_MB\)\. Fewer bits \(--dtype\) make it smaller\.$/,
      );
    },
  );

  it('should be kept whole with 8 bits rather than be cut', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'gpt-edge-plan-'));
    try {
      for (let seed = 0; seed < 20; seed++) {
        const { folder } = await randomDecoder(parent, seed);
        const planWithin = (cacheFormat: EngineChoice['cacheFormat'], limitBytes: number) =>
          planEngine(new DiskModelFiles(folder), { engine: 'edge', cacheFormat }, limitBytes);
        const { memory: precise } = await planWithin('f32', Number.POSITIVE_INFINITY);
        const { memory: small } = await planWithin('q8', Number.POSITIVE_INFINITY);
        const formatWithin = async (limitBytes: number) => {
          const planned = await planWithin('auto', limitBytes);
          return [planned.contextWindow, planned.engine === 'edge' && planned.plan.options.cacheFormat];
        };
        expect(await formatWithin(precise.totalBytes)).toEqual([160, 'f32']);
        if (small.totalBytes < precise.totalBytes) expect(await formatWithin(small.totalBytes)).toEqual([160, 'q8']);
      }
    } finally {
      await rm(parent, { recursive: true });
    }
  });

  it('should be refused with the sum and with what fits if it was asked for', async () => {
    const limit = await bytesOf(384);
    const planned = await plan({ contextWindow: 500 }, limit);
    expect(planned).toMatchObject({ contextWindow: 500, isWindowChosen: true, fittingWindow: 384 });
    expect(() => checkMemory('m', planned, limit)).toThrow(
      /^m needs .* KV cache of 500 tokens .* A context window of 384 tokens fits \(CONTEXT\)\.$/,
    );
    await expect(plan({ contextWindow: 513 }, limit)).rejects.toMatchObject({
      code: 'model_unavailable',
      message: 'tinystories-gpt2 has a context window of 512 tokens, and CONTEXT asks for 513.',
    });
  });
});
