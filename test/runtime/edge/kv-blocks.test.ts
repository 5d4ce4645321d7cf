import { describe, expect, it } from 'vitest';
import { EngineMemory } from '../../../src/runtime/edge/run/engine-memory.ts';
import { KvBlocks } from '../../../src/runtime/edge/run/kv-blocks.ts';

const BLOCK_BYTES = 48_000;
const START = 70_000;

const blocksOf = (totalBlocks: number) => {
  const memory = new EngineMemory(START);
  return { memory, blocks: new KvBlocks(memory, { start: START, blockBytes: BLOCK_BYTES, blockPositions: 128, totalBlocks }) };
};

describe('KvBlocks', () => {
  it('should place blocks one after the other, and grow the memory as they need it', () => {
    const { memory, blocks } = blocksOf(3);
    expect(memory.bytes).toBe(2 * 65_536);
    expect([blocks.allocate(), blocks.allocate(), blocks.allocate()]).toEqual([START, START + BLOCK_BYTES, START + 2 * BLOCK_BYTES]);
    expect(memory.bytes).toBe(Math.ceil((START + 3 * BLOCK_BYTES) / 65_536) * 65_536);
  });

  it('should allocate freed blocks again before it grows', () => {
    const { blocks } = blocksOf(2);
    const held = [blocks.allocate(), blocks.allocate()];
    expect(() => blocks.allocate()).toThrow(expect.objectContaining({ code: 'memory_limit_exceeded' }));
    const [, second] = held;
    blocks.release(held, 1);
    expect(held).toEqual([START]);
    expect([blocks.used, blocks.allocate(), blocks.used]).toEqual([1, second, 2]);
  });

  it('should keep a shared block until its last holder has freed it', () => {
    const { blocks } = blocksOf(2);
    const block = blocks.allocate();
    blocks.share(block);
    blocks.release([block]);
    expect(blocks.used).toBe(1);
    blocks.release([block]);
    expect(blocks.used).toBe(0);
  });

  it('should copy the content of a block', () => {
    const { memory, blocks } = blocksOf(2);
    const block = blocks.allocate();
    memory.views.u8.fill(7, block, block + BLOCK_BYTES);
    const copy = blocks.copy(block);
    memory.views.u8.fill(9, block, block + BLOCK_BYTES);
    expect(memory.views.u8.subarray(copy, copy + BLOCK_BYTES).every((byte) => byte === 7)).toBe(true);
  });
});
