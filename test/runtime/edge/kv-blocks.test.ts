import { describe, expect, it } from 'vitest';
import { EngineMemory } from '../../../src/runtime/edge/run/engine-memory.ts';
import { KvChunks } from '../../../src/runtime/edge/run/kv-blocks.ts';

const CHUNK = 48_000;
const START = 70_000;

const chunksOf = (maxChunks: number) => {
  const memory = new EngineMemory(START);
  return { memory, chunks: new KvChunks(memory, { start: START, chunkBytes: CHUNK, maxChunks }) };
};

describe('KvChunks', () => {
  it('should lay chunks one behind the other, and grow the memory as they need it', () => {
    const { memory, chunks } = chunksOf(3);
    expect(memory.bytes).toBe(2 * 65_536);
    expect([chunks.take(), chunks.take(), chunks.take()]).toEqual([START, START + CHUNK, START + 2 * CHUNK]);
    expect(memory.bytes).toBe(Math.ceil((START + 3 * CHUNK) / 65_536) * 65_536);
  });

  it('should hand out again what was given back, before it grows', () => {
    const { chunks } = chunksOf(2);
    const held = [chunks.take(), chunks.take()];
    expect(() => chunks.take()).toThrow(expect.objectContaining({ code: 'memory_limit_exceeded' }));
    const [, second] = held;
    chunks.releaseAll(held, 1);
    expect(held).toEqual([START]);
    expect([chunks.used, chunks.take(), chunks.used]).toEqual([1, second, 2]);
  });

  it('should keep a shared chunk until its last reader has given it back', () => {
    const { chunks } = chunksOf(2);
    const chunk = chunks.take();
    chunks.share(chunk);
    chunks.releaseAll([chunk]);
    expect(chunks.used).toBe(1);
    chunks.releaseAll([chunk]);
    expect(chunks.used).toBe(0);
  });

  it('should copy what a chunk holds', () => {
    const { memory, chunks } = chunksOf(2);
    const chunk = chunks.take();
    memory.views.u8.fill(7, chunk, chunk + CHUNK);
    const copy = chunks.copy(chunk);
    memory.views.u8.fill(9, chunk, chunk + CHUNK);
    expect(memory.views.u8.subarray(copy, copy + CHUNK).every((byte) => byte === 7)).toBe(true);
  });
});
