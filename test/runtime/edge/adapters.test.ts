import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decoder, Feed } from '../../../src/core/decoder.ts';
import type { AdapterManifest } from '../../../src/core/folder/adapter-manifest.ts';
import type { ModelFiles } from '../../../src/core/folder/model-files.ts';
import { DiskModelFiles } from '../../../src/local/disk-model-files.ts';
import { openModelFolder } from '../../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import { createEdgeDecoder } from '../../../src/runtime/edge/create-edge-decoder.ts';
import { readModelGraph } from '../../../src/runtime/edge/graph/model-graph.ts';
import { planGraph } from '../../../src/runtime/edge/plan/plan-graph.ts';
import { adapterSizes } from '../../../src/runtime/plan-engine.ts';
import { modules } from '../../kernels/compare.ts';
import { runRandomSchedule } from '../random-schedule.ts';
import { withRandomAdapters } from './random-adapters.ts';
import { randomDecoder } from './random-decoder.ts';

const NAMES = ['a', 'b', 'c', 'd'];

interface Asked {
  readonly kernels?: WebAssembly.Module;
  readonly adapterBytes?: number;
  readonly moreBlocks?: number;
  readonly cacheFormat?: 'f32' | 'q8';
  readonly change?: (manifest: AdapterManifest) => AdapterManifest;
}

/** A decoder of a model with four random adapters. */
async function decoderWithAdapters(files: ModelFiles, asked: Asked = {}): Promise<{ decoder: Decoder; sizes: number[] }> {
  const { vocabularySize, contextWindow } = files.manifest;
  const plan = (adapterBytes: number, graph: Awaited<ReturnType<typeof readModelGraph>>) =>
    planGraph(graph, { contextWindow, vocabularySize, cacheFormat: asked.cacheFormat ?? 'f32', adapterBytes });
  const graph = await readModelGraph(files);
  const { adaptable } = plan(1, graph);
  const withAdapters = withRandomAdapters(files, adaptable, NAMES, asked.change);
  const sizes = adapterSizes(withAdapters.manifest);
  const planned = plan(Math.max(...sizes), graph);
  const { windowBlocks, blockBytes } = planned.cache;
  const cacheBytes = (windowBlocks + (asked.moreBlocks ?? 20)) * blockBytes;
  const { kernels = modules.relaxed, adapterBytes = sizes.reduce((sum, size) => sum + size) } = asked;
  return { decoder: await createEdgeDecoder(planned, withAdapters, { kernels, cacheBytes, adapterBytes }), sizes };
}

const loadAll = async ({ adapters }: Decoder) => {
  for (const name of NAMES) await adapters!.load(name);
};
const defaultFiles = async () => new DiskModelFiles(await openModelFolder(DEFAULT_MODEL));

describe('sequences with adapters', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-adapters-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(Array.from({ length: 10 }, (_, seed) => seed))(
    'should each give the logits of its lone run, whatever else is computed: random graph %i',
    async (seed) => {
      const { folder: model, description } = await randomDecoder(folder, seed, 416);
      const files = new DiskModelFiles(model);
      const cacheFormat = seed % 2 === 0 ? 'f32' : 'q8';
      const { decoder } = await decoderWithAdapters(files, { cacheFormat, moreBlocks: seed % 6 });
      const { decoder: apart } = await decoderWithAdapters(files, { cacheFormat, kernels: modules.plain, moreBlocks: 100 });
      for (const each of [decoder, apart]) await loadAll(each);
      const schedule = { seed, steps: 100, tokens: [1, 2, 3], lone: 'singly', adapters: [undefined, ...NAMES] } as const;
      const counts = await runRandomSchedule(decoder, apart, schedule).catch((error: Error) => {
        throw new Error(`${description}: ${error.message}`, { cause: error });
      });
      expect(counts.feeds).toBeGreaterThan(80);
      expect(counts.reused).toBeGreaterThan(0);
    },
  );

  it('should differ from one another and from the base model, and share nothing of the prefix cache', async () => {
    const { decoder } = await decoderWithAdapters(await defaultFiles());
    await loadAll(decoder);
    const tokens = Array.from({ length: 200 }, (_, index) => 300 + (index % 50));
    const seen = new Set<number>();
    for (const adapter of [undefined, ...NAMES]) {
      const sequence = decoder.createSequence({ tokens, adapter });
      expect(sequence.length).toBe(0);
      seen.add((await sequence.forward(tokens))[0]);
      sequence.dispose();
      const again = decoder.createSequence({ tokens, adapter });
      expect(again.length).toBe(199);
      again.dispose();
    }
    expect(seen.size).toBe(5);
  });
});

describe('the room for adapters', () => {
  it('should hold those that are used, and give the place of the others, the least recently used first', async () => {
    const { decoder, sizes } = await decoderWithAdapters(await defaultFiles());
    const { decoder: small } = await decoderWithAdapters(await defaultFiles(), { adapterBytes: sizes[0] + sizes[1] + sizes[2] });
    const { adapters } = small;
    const loaded = () => NAMES.filter((name) => adapters!.isLoaded(name));
    for (const name of ['a', 'b', 'c']) await adapters!.load(name);
    await adapters!.load('a');
    const logits = await lastLogits(small, 'a');
    await adapters!.load('d');
    expect(loaded()).not.toContain('b');
    expect(loaded()).toContain('a');
    const use = Promise.withResolvers<void>();
    for (const name of loaded()) adapters!.use(name, use.promise);
    expect(adapters!.load('b')).toBeNull();
    use.resolve();
    await use.promise;
    await new Promise((resolve) => setImmediate(resolve));
    await adapters!.load('b');
    // What was loaded again is what it was.
    await adapters!.load('a');
    await loadAll(decoder);
    expect(await lastLogits(small, 'a')).toEqual(logits);
    expect(await lastLogits(decoder, 'a')).toEqual(logits);
  });

  it('should keep an adapter for a sequence that uses it', async () => {
    const { sizes } = await decoderWithAdapters(await defaultFiles());
    const { decoder } = await decoderWithAdapters(await defaultFiles(), { adapterBytes: Math.max(...sizes) });
    await decoder.adapters!.load('a');
    const sequence = decoder.createSequence({ tokens: [1], adapter: 'a' });
    const fork = sequence.fork();
    for (const each of [sequence, fork]) {
      expect(decoder.adapters!.load('b')).toBeNull();
      each.dispose();
      each.dispose();
    }
    await decoder.adapters!.load('b');
    expect(() => decoder.createSequence({ tokens: [1], adapter: 'a' })).toThrow('the adapter a is not loaded');
    expect(() => decoder.adapters!.load('other')).toThrow('There is no adapter "other". There are: a, b, c, d, fairytale.');
  });

  it.each([
    ['was converted for another base model', (manifest: AdapterManifest) => ({ ...manifest, base: { 'model.onnx': '00' } })],
    ['which the graph does not have', (manifest: AdapterManifest) => withModule(manifest, { inputs: 8 })],
    ['which the graph does not have', (manifest: AdapterManifest) => withModule(manifest, { node: 'elsewhere' })],
    ['ends before its matrices', (manifest: AdapterManifest) => withModule(manifest, { offset: 64 * 2 ** 20 })],
    ['rank', (manifest: AdapterManifest) => withModule(manifest, { rank: 1_000_000 })],
    ['dtype', (manifest: AdapterManifest) => ({ ...manifest, dtype: 'fp16' as AdapterManifest['dtype'] })],
  ])('should refuse an adapter that %s', async (problem, change) => {
    const { decoder } = await decoderWithAdapters(await defaultFiles(), { change });
    await expect(decoder.adapters!.load('a')).rejects.toMatchObject({
      code: 'model_unavailable',
      message: expect.stringContaining(problem),
    });
    expect(decoder.adapters!.isLoaded('a')).toBe(false);
  });
});

const withModule = (manifest: AdapterManifest, change: Partial<AdapterManifest['modules'][number]>): AdapterManifest => ({
  ...manifest,
  modules: [{ ...manifest.modules[0], ...change }],
});

async function lastLogits(decoder: Decoder, adapter: string): Promise<number[]> {
  const sequence = decoder.createSequence({ tokens: [], adapter });
  const logits: number[] = [];
  const read: Feed['read'] = ({ values }) => logits.push(...values);
  await sequence.forwardEach([5, 6, 7], 1, read);
  sequence.dispose();
  return logits;
}
