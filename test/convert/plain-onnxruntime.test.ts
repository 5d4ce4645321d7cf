import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const SCRIPT = join(import.meta.dirname, '../plain-onnxruntime.py');
/** The Python on the path, or another one that PYTHON names, such as a virtual environment's. */
const PYTHON = process.env.PYTHON ?? 'python3';

const run = promisify(execFile);
const isInstalled = await run(PYTHON, ['-c', 'import numpy, onnxruntime']).then(
  () => true,
  () => false,
);
if (!isInstalled) console.warn(`Skipped: ${PYTHON} has no onnxruntime. "pip install onnxruntime" brings it, PYTHON names another Python.`);

describe.skipIf(!isInstalled)('a converted model in the onnxruntime of PyPI', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-plain-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(['tiny-gpt2', 'tiny-gpt-neo', 'tiny-llama', 'tiny-llama-rope3'])('should give the reference of %s', async (name) => {
    const target = join(folder, name);
    await convertModel({ source: join(GOLDEN, name), target, dtype: 'fp32' });
    const { stdout } = await run(PYTHON, [SCRIPT, target, join(GOLDEN, name, 'reference.json'), '5e-5']);
    expect(stdout).toMatch(/: equal within 5e-5\n$/);
  });

  it('should not take another model for it', async () => {
    const target = join(folder, 'tiny-gpt2');
    await convertModel({ source: join(GOLDEN, 'tiny-gpt2'), target, dtype: 'fp16' });
    const comparison = run(PYTHON, [SCRIPT, target, join(GOLDEN, 'tiny-gpt2/reference.json'), '5e-5']);
    await expect(comparison).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('NOT EQUAL within 5e-5') });
  });
});
