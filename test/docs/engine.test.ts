import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DiskModelFiles } from '../../src/local/disk-model-files.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL, PACKAGE } from '../../src/local/project-paths.ts';
import { memoryLayout } from '../../src/runtime/edge/plan/memory-layout.ts';
import { planEngine } from '../../src/runtime/plan-engine.ts';

const text = await readFile(join(PACKAGE, 'docs', 'engine.md'), 'utf8');

/** All numbers in a value, however deep. */
function numbersIn(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

it("docs/engine.md should draw the default model's memory as it is planned", async () => {
  const files = new DiskModelFiles(await openModelFolder(DEFAULT_MODEL));
  const planned = await planEngine(files, { engine: 'edge', cacheFormat: 'f32' }, 128e6);
  if (planned.engine !== 'edge') throw new Error('not planned for the edge engine');
  const { weights, buffers, ...addresses } = memoryLayout(planned.plan);
  const weightBytes = planned.plan.weights.reduce((sum, { bytes }) => sum + bytes, 0);
  const drawn = [...numbersIn(addresses), weights[0], weightBytes, weights.length, buffers.bytes, ...numbersIn(planned.plan.cache)];
  expect(drawn.map((number) => number.toLocaleString('en')).filter((number) => !text.includes(number))).toEqual([]);
});
