import { describe, expect, it } from 'vitest';
import { EngineMemory } from '../../../src/runtime/edge/run/engine-memory.ts';
import { KvBlocks } from '../../../src/runtime/edge/run/kv-blocks.ts';
import { used } from './used-blocks.ts';

const BLOCK_BYTES = 48_000;
const START = 70_000;

const blocksOf = (totalBlocks: number) => {
  const memory = new EngineMemory(START);
  return {
    memory,
    blocks: new KvBlocks(memory, { start: START, blockBytes: BLOCK_BYTES, blockPositions: 128, totalBlocks, windowBlocks: 1 }),
  };
};

describe('KvBlocks', () => {
  it('should place blocks one after the other, and grow the memory as they need it', () => {
    const { memory, blocks } = blocksOf(3);
    expect(memory.bytes).toBe(2 * 65_536);
    const addresses = Array.from({ length: 3 }, () => blocks.allocate('').address);
    expect(addresses).toEqual([START, START + BLOCK_BYTES, START + 2 * BLOCK_BYTES]);
    expect(memory.bytes).toBe(Math.ceil((START + 3 * BLOCK_BYTES) / 65_536) * 65_536);
  });

  it('should allocate freed blocks again before it grows, and refuse more than there may be', () => {
    const { blocks } = blocksOf(2);
    const [, second] = [blocks.allocate(''), blocks.allocate('')];
    expect(() => blocks.allocate('')).toThrow(expect.objectContaining({ code: 'memory_limit_exceeded' }));
    blocks.release(second);
    expect([used(blocks), blocks.freeBlocks]).toEqual([1, 1]);
    expect(blocks.allocate('').address).toBe(second.address);
  });

  it('should keep a shared block until its last holder has released it', () => {
    const { blocks } = blocksOf(2);
    const block = blocks.allocate('');
    blocks.hold(block);
    blocks.release(block);
    expect(used(blocks)).toBe(1);
    blocks.release(block);
    expect(used(blocks)).toBe(0);
  });

  it('should give up blocks that there have not been yet, but for those of a window, and take more', () => {
    const memory = new EngineMemory(START);
    const blocks = new KvBlocks(memory, { start: START, blockBytes: BLOCK_BYTES, blockPositions: 128, totalBlocks: 9, windowBlocks: 2 });
    expect([blocks.addRoom(Number.NEGATIVE_INFINITY), blocks.totalBlocks]).toEqual([-7 * BLOCK_BYTES, 2]);
    expect([blocks.addRoom(4.9 * BLOCK_BYTES), blocks.totalBlocks]).toEqual([4 * BLOCK_BYTES, 6]);
    const held = Array.from({ length: 5 }, () => blocks.allocate(''));
    for (const block of held) blocks.release(block);
    // What has grown does not shrink.
    expect([blocks.addRoom(-3 * BLOCK_BYTES), blocks.totalBlocks, blocks.freeBlocks]).toEqual([-BLOCK_BYTES, 5, 5]);
  });

  it('should copy the content of a block, and the tokens that it is copied for', () => {
    const { memory, blocks } = blocksOf(2);
    const block = blocks.allocate('');
    block.tokens.push(1, 2, 3);
    blocks.tree.add(block, blocks.tree.root);
    memory.views.u8.fill(7, block.address, block.address + BLOCK_BYTES);
    const { address, tokens } = blocks.copy(block, 2, '')!;
    memory.views.u8.fill(9, block.address, block.address + BLOCK_BYTES);
    expect(memory.views.u8.subarray(address, address + BLOCK_BYTES).every((byte) => byte === 7)).toBe(true);
    expect(tokens).toEqual([1, 2]);
  });
});
