import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { Settings } from '../../src/convert/convert-options.ts';
import { bestSettings, type FittingSettings } from '../../src/local/add/best-settings.ts';
import { DiskModelFiles } from '../../src/local/disk-model-files.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { planEngine } from '../../src/runtime/plan-engine.ts';

/** Bytes in which the model does not fit, whatever its settings: a Worker's own heap takes as many. */
const LEAST = 9.9e6;

let folder: string;
let source: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-settings-'));
  source = join(folder, 'long');
  await cp(join(import.meta.dirname, '../golden/tiny-llama-rope3'), source, { recursive: true });
  const config = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'));
  // Positions whose KV cache takes more than the weights.
  await writeFile(join(source, 'config.json'), JSON.stringify({ ...config, max_position_embeddings: 32_768 }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Converts with the best settings, and returns them with what the engine plans for the folder that was written. */
async function convertBest(limitBytes: number, asked: Settings = {}) {
  let fitting: FittingSettings | undefined;
  const target = join(folder, 'out');
  const chooseSettings = async (open: Parameters<typeof bestSettings>[0]) => {
    fitting = await bestSettings(open, asked, limitBytes);
    return fitting.settings;
  };
  await convertModel({ source, target, dtype: asked.dtype, contextWindow: asked.contextWindow, chooseSettings });
  const files = new DiskModelFiles(await openModelFolder(target));
  const { memory, contextWindow } = await planEngine(files, { engine: 'auto', cacheFormat: 'auto' }, limitBytes);
  // What was planned without weights is what is planned with them, up to vectors that float16 turns out to hold exactly.
  const drafted = fitting!.planned;
  expect(contextWindow).toBe(drafted.contextWindow);
  expect(drafted.memory.totalBytes - memory.totalBytes).toBeGreaterThanOrEqual(0);
  expect(drafted.memory.totalBytes - memory.totalBytes).toBeLessThan(1000);
  expect(memory.totalBytes).toBeLessThanOrEqual(limitBytes);
  const { settings, isOwn } = fitting!;
  return { settings, isOwn, contextWindow };
}

describe('bestSettings', () => {
  it("should keep the checkpoint's own precision if the model fits", async () => {
    expect(await convertBest(128e6)).toMatchObject({ settings: { dtype: 'fp16', embeddings: 'same' }, isOwn: true, contextWindow: 32_768 });
    const cut = await convertBest(14e6);
    expect(cut).toMatchObject({ settings: { dtype: 'fp16', embeddings: 'same' }, isOwn: true });
    expect(cut.contextWindow).toBeLessThan(32_768);
  });

  it('should take fewer bits if few positions would fit otherwise', async () => {
    let least: Awaited<ReturnType<typeof convertBest>> | undefined;
    for (let limitBytes = LEAST; least === undefined; limitBytes += 10_000) least = await convertBest(limitBytes).catch(() => undefined);
    expect(least.isOwn).toBe(false);
    expect(least.contextWindow).toBeGreaterThanOrEqual(128);
  });

  it('should leave what was asked for as it is', async () => {
    expect((await convertBest(128e6, { dtype: 'q4', embeddings: 'q4' })).settings).toMatchObject({ dtype: 'q4', embeddings: 'q4' });
    expect((await convertBest(128e6, { contextWindow: 100 })).settings).toMatchObject({ dtype: 'fp16', contextWindow: 100 });
    expect((await convertBest(128e6, { dtype: 'q8', embeddings: 'q4' })).settings).toMatchObject({ dtype: 'q8', embeddings: 'q4' });
  });

  it('should refuse a model that fits with no settings, with the sum', async () => {
    await expect(convertBest(5e6)).rejects.toThrow(
      /^long is too large for a Worker of 5 MB: with the fewest bits and a window of \d+ tokens it needs \d+\.\d MB: heap .* Take a smaller model, or cut its vocabulary with --keep-tokens\.$/,
    );
  });
});
