import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeDtype, parseManifest } from '../../src/core/folder/manifest.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';

const manifest = JSON.parse(await readFile(join(DEFAULT_MODEL, 'manifest.json'), 'utf8'));
const parsed = (change: object) => parseManifest(JSON.stringify({ ...manifest, ...change }));

describe("a manifest's dtypes", () => {
  it('should be read from one field or from two, and described as one text', () => {
    for (const change of [{ dtype: 'q4', tablesDtype: 'q8' }, { dtype: 'q4 (tables q8)' }]) {
      const { dtype, tablesDtype } = parsed(change);
      expect({ dtype, tablesDtype }).toEqual({ dtype: 'q4', tablesDtype: 'q8' });
      expect(describeDtype({ dtype, tablesDtype })).toBe('q4 (tables q8)');
    }
  });

  it.each(['fp32', 'fp16', 'q8', 'q4', 'bf16', 'int8'])('should be one if the tables are stored as everything else: %s', (dtype) => {
    const { tablesDtype, ...rest } = parsed({ dtype });
    expect([rest.dtype, tablesDtype, describeDtype(rest)]).toEqual([dtype, undefined, dtype]);
  });

  it('should be refused if they are longer than any dtype', () => {
    expect(() => parsed({ dtype: 'q'.repeat(17) })).toThrow(/^manifest\.json: dtype: /);
    expect(() => parsed({ tablesDtype: 'q'.repeat(17) })).toThrow(/^manifest\.json: tablesDtype: /);
  });
});
