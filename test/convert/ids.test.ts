import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';

const CHECKPOINT = join(import.meta.dirname, '../golden/tiny-gpt2');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-ids-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the id of a converted model', () => {
  const names: [string, string][] = [
    ['My model (v2)', 'My-model-v2'],
    ['Élan', 'Elan'],
    ['.hidden', 'hidden'],
    ['模型', 'model'],
    [`${'x'.repeat(70)}`, 'x'.repeat(64)],
  ];
  it.each(names)('should be made from the name of a source that cannot be one, and be said: %s', async (name, id) => {
    const source = join(folder, name);
    await cp(CHECKPOINT, source, { recursive: true });
    const notes: string[] = [];
    const manifest = await convertModel({ source, target: join(folder, 'out'), onNote: (note) => notes.push(note) });
    expect(manifest.id).toBe(id);
    expect(notes).toEqual([expect.stringContaining(`cannot be an id, so the model is called ${id}. --id gives it another one.`)]);
  });

  it('should be the one that was asked for, or be refused', async () => {
    const options = { source: CHECKPOINT, target: join(folder, 'out') };
    expect((await convertModel({ ...options, id: 'mine' })).id).toBe('mine');
    await expect(convertModel({ ...options, id: 'my model' })).rejects.toThrow('id "my model": a model id has 1 to 64 letters');
  });
});
