import { describe, expect, it } from 'vitest';
import { VocabularyTrie } from '../../src/constrain/vocabulary-trie.ts';
import { KEPT_MASK_BYTES, vocabularyHeap } from '../../src/core/memory-plan.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { tokenizer } from '../tokenizer/default-tokenizer.ts';

const build = (tokens: readonly Uint8Array[]) =>
  VocabularyTrie.build(
    tokens.length,
    (id) => tokens[id],
    async () => {},
  );

/** The bytes on the way to each node. */
function paths({ bytes, depths }: VocabularyTrie): string[] {
  const path: number[] = [];
  return [...bytes.keys()].map((node) => {
    path.length = depths[node] - 1;
    path.push(bytes[node]);
    return path.join();
  });
}

describe('VocabularyTrie', () => {
  it.each([60, 70_000])('should have each beginning once, below its own beginnings, with its tokens: %d tokens', async (count) => {
    const random = new SeededRandom(count);
    const text = () => Uint8Array.from(random.list(random.integer(7), () => random.pick([0, 1, 32, 255, random.integer(256)])));
    const tokens = random.list(count, text);
    const trie = await build(tokens);
    const found = paths(trie);
    const beginnings = new Set(tokens.flatMap((token) => Array.from(token, (_, index) => token.slice(0, index + 1).join())));
    expect(found.toSorted()).toEqual([...beginnings].sort());
    const held = new Map<number, string>();
    for (const [node, token] of trie.tokens.entries())
      if (token !== trie.none) for (const id of [token, ...(trie.equals.get(token) ?? [])]) held.set(id, found[node]);
    expect(held.size).toBe(tokens.filter(({ length }) => length > 0).length);
    for (const [id, token] of tokens.entries()) if (token.length > 0) expect(held.get(id)).toBe(token.join());
    for (const [node, end] of trie.skip.slice(0, 50).entries()) {
      const next = found.findIndex((path, index) => index > node && !path.startsWith(`${found[node]},`));
      expect(end).toBe(next < 0 ? found.length : next);
    }
  });

  it('should leave out tokens without bytes, and one that is longer than any that is known', async () => {
    const trie = await build([new Uint8Array(), Uint8Array.of(7), new Uint8Array(256)]);
    expect([...trie.bytes]).toEqual([7]);
    expect([...trie.tokens]).toEqual([1]);
  });

  it("should take no more than the memory plan has for it, for the default model's tokens", async () => {
    const size = tokenizer.vocabularySize;
    const trie = await VocabularyTrie.build(
      size,
      (id) => tokenizer.bytes(id),
      async () => {},
    );
    const arrays = [trie.bytes, trie.depths, trie.skip, trie.tokens];
    const bytes = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const planned = vocabularyHeap({ files: {}, vocabularySize: size }).find(({ name }) => name === 'masks')!;
    expect(bytes + KEPT_MASK_BYTES).toBeLessThanOrEqual(planned.bytes);
  });
});
