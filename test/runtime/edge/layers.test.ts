import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../../src/convert/convert-model.ts';
import { openModelFolder } from '../../../src/local/model-folder.ts';
import { DEFAULT_MODEL, PACKAGE } from '../../../src/local/project-paths.ts';
import { compareLayers } from './compare-layers.ts';

const GOLDEN = join(PACKAGE, 'test', 'golden');
const checkpoints = (await readdir(GOLDEN)).filter((name) => name.startsWith('tiny-'));

/**
 * The largest error that any value may have, relative to the largest value. With weights of 8 bits, activations have 16
 * bits; with weights of 4 bits, they have 8, and random weights amplify the error from layer to layer.
 */
const TOLERANCES = { fp32: 1e-5, fp16: 1e-5, q8: 1e-3, q4: 0.2 };

const cases = checkpoints.flatMap((name) =>
  name.endsWith('-genai') ? [{ name, dtype: 'q4' as const }] : (['fp32', 'fp16', 'q8', 'q4'] as const).map((dtype) => ({ name, dtype })),
);

describe('every value of a graph on the edge engine', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-layers-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(cases)("should be onnxruntime-web's: $name in $dtype", async ({ name, dtype }) => {
    const target = join(folder, `${name}-${dtype}`);
    await convertModel({ source: join(GOLDEN, name), target, dtype: name.endsWith('-genai') ? undefined : dtype });
    await expectClose(target, await idsOf(name), dtype);
  });

  it("should be onnxruntime-web's: the default model", async () => {
    await expectClose(DEFAULT_MODEL, (await idsOf('tinystories-gpt2')).slice(0, 60), 'q8');
  });
});

async function idsOf(name: string): Promise<number[]> {
  const { sequences, prompts } = JSON.parse(await readFile(join(GOLDEN, name, 'reference.json'), 'utf8'));
  const candidates: { ids: number[] }[] = sequences ?? prompts;
  return candidates.find(({ ids }) => ids.length >= 20 && ids.length <= 64)?.ids ?? candidates[0].ids;
}

async function expectClose(path: string, ids: readonly number[], dtype: keyof typeof TOLERANCES): Promise<void> {
  const errors = await compareLayers(await openModelFolder(path), ids);
  expect(errors.length).toBeGreaterThan(15);
  const worst = errors.reduce((a, b) => (b.relative > a.relative ? b : a));
  const absolute = Math.max(...errors.map((error) => error.absolute));
  console.log(
    `${path.split('/').at(-1)}: ${errors.length} values, at most ${absolute.toExponential(1)} off, ${worst.relative.toExponential(1)} relative (${worst.value})`,
  );
  expect(worst.relative).toBeLessThan(TOLERANCES[dtype]);
}
