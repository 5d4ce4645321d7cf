import { describe, expect, it } from 'vitest';
import { LoadOnce } from '../../src/storage/load-once.ts';

describe('LoadOnce', () => {
  it('should load once for all callers, and keep what was loaded', async () => {
    let loads = 0;
    const once = new LoadOnce<number>(() => {});
    const load = async () => ++loads;
    expect(await Promise.all([once.get('a', load), once.get('a', load), once.get('b', load)])).toEqual([1, 1, 2]);
    expect(await once.get('a', load)).toBe(1);
  });

  it('should give a failure to all callers that wait, and try again afterwards', async () => {
    const once = new LoadOnce<string>(() => {});
    const fail = () => Promise.reject(new Error('no'));
    expect(await Promise.allSettled([once.get('a', fail), once.get('a', fail)])).toMatchObject([
      { status: 'rejected' },
      { status: 'rejected' },
    ]);
    expect(await once.get('a', async () => 'yes')).toBe('yes');
  });

  it('should keep every load alive, and hide its failure from the keeper', async () => {
    const kept: Promise<unknown>[] = [];
    const once = new LoadOnce<string>((load) => kept.push(load));
    await once.get('a', async () => 'yes');
    await once.get('b', () => Promise.reject(new Error('no'))).catch(() => {});
    expect(kept).toHaveLength(2);
    expect((await Promise.allSettled(kept)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });
});
