import { describe, expect, it } from 'vitest';
import { cutIntoCalls } from '../../../src/runtime/edge/run/cut-into-calls.ts';

describe('cutIntoCalls', () => {
  it('should fill each call before the next one begins, and cut runs where a call is full', () => {
    const runs = [
      { owner: 'a', rows: 3 },
      { owner: 'b', rows: 0 },
      { owner: 'c', rows: 9 },
      { owner: 'd', rows: 1 },
    ];
    expect(cutIntoCalls(runs, 4)).toEqual([
      [
        { owner: 'a', rows: 3, start: 0, firstRow: 0 },
        { owner: 'c', rows: 1, start: 0, firstRow: 3 },
      ],
      [{ owner: 'c', rows: 4, start: 1, firstRow: 0 }],
      [{ owner: 'c', rows: 4, start: 5, firstRow: 0 }],
      [{ owner: 'd', rows: 1, start: 0, firstRow: 0 }],
    ]);
  });

  it('should make no call for no rows', () => {
    expect(cutIntoCalls([], 4)).toEqual([]);
    expect(cutIntoCalls([{ owner: 'a', rows: 0 }], 4)).toEqual([]);
  });
});
