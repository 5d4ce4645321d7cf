import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseManifest } from '../../../src/core/folder/manifest.ts';
import { DEFAULT_MODEL } from '../../../src/local/project-paths.ts';
import { planOrtMemory } from '../../../src/runtime/ort/plan-ort-memory.ts';

it('should count float16 weights at twice their stored size, others at their stored size, and two copies of each', async () => {
  const manifest = parseManifest(await readFile(join(DEFAULT_MODEL, 'manifest.json'), 'utf8'));
  const { bytes } = manifest.files['model.onnx_data'];
  const weights = (dtype: string, tablesDtype?: string) =>
    planOrtMemory({ ...manifest, dtype, tablesDtype }).parts.find(({ name }) => name === 'weights')!.bytes;
  expect(weights('q8')).toBe(2 * bytes);
  expect(weights('fp32')).toBe(2 * bytes);
  expect(weights('fp16')).toBe(4 * bytes);
  expect(weights('fp16', 'q8')).toBe(4 * bytes);
});
