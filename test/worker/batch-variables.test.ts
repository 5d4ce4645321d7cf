import { expect, it } from 'vitest';
import { parseBatchCaps } from '../../src/worker/batch-variables.ts';

it('should bound what a file may have, and refuse what is no bound', () => {
  expect(parseBatchCaps({})).toEqual({ maxBytes: 100_000_000, maxLines: 50_000 });
  expect(parseBatchCaps({ BATCH_FILE_MB: '2', BATCH_LINES: '10' })).toEqual({ maxBytes: 2_000_000, maxLines: 10 });
  for (const value of ['0', '-1', '1.5', 'many', '1e9'])
    for (const name of ['BATCH_FILE_MB', 'BATCH_LINES'])
      expect(() => parseBatchCaps({ [name]: value }), value).toThrow(`${name} must be a whole number`);
});
