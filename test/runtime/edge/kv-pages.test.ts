import { describe, expect, it } from 'vitest';
import { EngineMemory } from '../../../src/runtime/edge/engine-memory.ts';
import { KvPages } from '../../../src/runtime/edge/kv-pages.ts';

const PAGE = 48_000;
const START = 70_000;

const pagesOf = (maxPages: number) => {
  const memory = new EngineMemory(START);
  return { memory, pages: new KvPages(memory, { start: START, pageBytes: PAGE, maxPages }) };
};

describe('KvPages', () => {
  it('should lay pages one behind the other, and grow the memory as they need it', () => {
    const { memory, pages } = pagesOf(3);
    expect(memory.bytes).toBe(2 * 65_536);
    expect([pages.take(), pages.take(), pages.take()]).toEqual([START, START + PAGE, START + 2 * PAGE]);
    expect(memory.bytes).toBe(Math.ceil((START + 3 * PAGE) / 65_536) * 65_536);
  });

  it('should hand out again what was given back, before it grows', () => {
    const { pages } = pagesOf(2);
    const held = [pages.take(), pages.take()];
    expect(() => pages.take()).toThrow(expect.objectContaining({ code: 'memory_limit_exceeded' }));
    const [, second] = held;
    pages.releaseAll(held, 1);
    expect(held).toEqual([START]);
    expect([pages.used, pages.take(), pages.used]).toEqual([1, second, 2]);
  });

  it('should keep a shared page until its last reader has given it back', () => {
    const { pages } = pagesOf(2);
    const page = pages.take();
    pages.share(page);
    pages.releaseAll([page]);
    expect(pages.used).toBe(1);
    pages.releaseAll([page]);
    expect(pages.used).toBe(0);
  });

  it('should copy what a page holds', () => {
    const { memory, pages } = pagesOf(2);
    const page = pages.take();
    memory.views.u8.fill(7, page, page + PAGE);
    const copy = pages.copy(page);
    memory.views.u8.fill(9, page, page + PAGE);
    expect(memory.views.u8.subarray(copy, copy + PAGE).every((byte) => byte === 7)).toBe(true);
  });
});
