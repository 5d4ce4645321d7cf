import { describe, expect, it } from 'vitest';
import { BlockTable } from '../../../src/runtime/edge/run/block-table.ts';
import { EngineMemory } from '../../../src/runtime/edge/run/engine-memory.ts';
import { KvBlocks } from '../../../src/runtime/edge/run/kv-blocks.ts';
import { used } from './used-blocks.ts';

/** Blocks of four positions. */
const poolOf = (totalBlocks: number) =>
  new KvBlocks(new EngineMemory(0), { start: 0, blockBytes: 16, blockPositions: 4, totalBlocks, windowBlocks: 1 });

const feed = (table: BlockTable, tokens: readonly number[]) => {
  table.reserve(tokens.length);
  table.append(tokens);
  return table;
};
/** Leaves tokens in the pool that no sequence holds any more. */
const leave = (pool: KvBlocks, tokens: readonly number[]) => feed(new BlockTable(pool), tokens).truncate(0);
const reused = (pool: KvBlocks, tokens: readonly number[], partition?: string) => {
  const table = BlockTable.behind(pool, { tokens, partition });
  const { length } = table;
  table.truncate(0);
  return length;
};

describe('BlockTable', () => {
  it('should begin with all that ended sequences have left of a prefix, but for its last token', () => {
    const pool = poolOf(8);
    leave(pool, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(pool.freeBlocks).toBe(8);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])).toBe(10);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7, 8])).toBe(7);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 99, 8])).toBe(6);
    expect(reused(pool, [1])).toBe(0);
    expect(reused(pool, [2, 2, 3, 4])).toBe(0);
    // The same tokens after others are not the same.
    expect(reused(pool, [9, 9, 9, 9, 5, 6, 7, 8, 9])).toBe(0);
  });

  it('should share full blocks, and copy what is going to be written', () => {
    const pool = poolOf(8);
    const first = feed(new BlockTable(pool), [1, 2, 3, 4, 5, 6]);
    const second = BlockTable.behind(pool, { tokens: [1, 2, 3, 4, 5, 9] });
    expect(second.length).toBe(5);
    expect(second.addresses[0]).toBe(first.addresses[0]);
    expect(second.addresses[1]).not.toBe(first.addresses[1]);
    expect(used(pool)).toBe(3);
  });

  it('should go on in the block that an ended sequence has left, without a copy', () => {
    const pool = poolOf(8);
    const ended = feed(new BlockTable(pool), [1, 2, 3, 4, 5, 6]);
    const { addresses } = ended;
    ended.truncate(0);
    const next = BlockTable.behind(pool, { tokens: [1, 2, 3, 4, 5, 6, 7] });
    expect([next.length, next.addresses]).toEqual([6, addresses]);
  });

  it('should reuse nothing of another partition', () => {
    const pool = poolOf(8);
    feed(new BlockTable(pool, 'a'), [1, 2, 3, 4, 5, 6]).truncate(0);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7], 'a')).toBe(6);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7], 'b')).toBe(0);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7])).toBe(0);
    const other = feed(new BlockTable(pool, 'b'), [1, 2, 3, 4]);
    const same = feed(new BlockTable(pool, 'a'), [1, 2, 3, 4]);
    expect(other.addresses).not.toEqual(same.addresses);
  });

  it('should hold one block for the same tokens, however many sequences have computed them', () => {
    const pool = poolOf(8);
    const [first, second] = [feed(new BlockTable(pool), [1, 2, 3]), feed(new BlockTable(pool), [1, 2, 3])];
    expect(used(pool)).toBe(2);
    for (const table of [first, second]) feed(table, [4]);
    expect([used(pool), second.addresses]).toEqual([1, first.addresses]);
  });

  it('should use the memory of what was used least recently, the end of a text before its beginning', () => {
    const pool = poolOf(4);
    leave(pool, [1, 1, 1, 1, 2, 2, 2, 2]);
    leave(pool, [3, 3, 3, 3, 4, 4, 4, 4]);
    reused(pool, [1, 1, 1, 1, 2, 2, 2, 2, 9]);
    feed(new BlockTable(pool), [7]);
    expect(reused(pool, [3, 3, 3, 3, 4, 4, 4, 4, 9])).toBe(4);
    feed(new BlockTable(pool), [8]);
    expect(reused(pool, [3, 3, 3, 3, 4, 4, 4, 4, 9])).toBe(4);
    expect(reused(pool, [1, 1, 1, 1, 2, 2, 2, 2, 9])).toBe(4);
  });

  it('should never use more blocks than there may be, whatever is left for others', () => {
    const pool = poolOf(3);
    for (let text = 0; text < 50; text++) leave(pool, [text, 1, 2, 3, 4, text, 5]);
    expect(pool.freeBlocks).toBe(3);
    const tables = [1, 2, 3].map((token) => feed(new BlockTable(pool), [token]));
    expect(pool.freeBlocks).toBe(0);
    expect(() => tables[0].reserve(4)).toThrow(expect.objectContaining({ code: 'memory_limit_exceeded' }));
    expect(reused(pool, [1, 1])).toBe(0);
  });

  it('should say how many blocks a fork needs before it can be written to', () => {
    const pool = poolOf(8);
    const origin = feed(new BlockTable(pool), [1, 2, 3, 4, 5]);
    const fork = origin.fork();
    expect([used(pool), origin.blocksFor(1), fork.blocksFor(1), fork.blocksFor(4), fork.blocksFor(0)]).toEqual([2, 1, 1, 2, 0]);
    feed(fork, [6]);
    expect([used(pool), origin.blocksFor(1), fork.blocksFor(1)]).toEqual([3, 0, 0]);
    feed(origin, [7]);
    expect(used(pool)).toBe(3);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 9])).toBe(6);
    expect(reused(pool, [1, 2, 3, 4, 5, 7, 9])).toBe(6);
  });

  it('should forget what was cut off once something else is written there', () => {
    const pool = poolOf(8);
    const table = feed(new BlockTable(pool), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    table.truncate(2);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toBe(9);
    feed(table, [30, 40, 50]);
    expect(reused(pool, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])).toBe(2);
    expect(reused(pool, [1, 2, 30, 40, 50, 60])).toBe(5);
    expect(() => table.truncate(6)).toThrow(RangeError);
    expect(() => table.truncate(Number.NaN)).toThrow(RangeError);
  });

  it('should not write to a block that it was cut back into while another sequence holds it', () => {
    const pool = poolOf(8);
    const table = feed(new BlockTable(pool), [1, 2, 3, 4]);
    const other = BlockTable.behind(pool, { tokens: [1, 2, 3, 4, 5] });
    table.truncate(3);
    expect(table.blocksFor(1)).toBe(1);
    feed(table, [9]);
    expect(table.addresses).not.toEqual(other.addresses);
    expect(reused(pool, [1, 2, 3, 4, 5])).toBe(4);
  });
});
