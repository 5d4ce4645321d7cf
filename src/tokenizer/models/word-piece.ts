import { z } from 'zod';
import type { Pace } from '../pace.ts';
import { PieceTrie } from './piece-trie.ts';
import { idsSchema, type WordModel } from './word-model.ts';

export const wordPieceSchema = z.looseObject({
  unk_token: z.string(),
  continuing_subword_prefix: z.string(),
  max_input_chars_per_word: z.number().int().min(0).default(100),
  vocab: idsSchema,
});

/**
 * WordPiece as BERT has it: the longest piece that a word begins with, then the longest one that goes on, and so forth.
 * A word of which a part is no piece is unknown as a whole.
 */
export function wordPiece(json: z.infer<typeof wordPieceSchema>): WordModel {
  const entries = Object.entries(json.vocab);
  const trie = new PieceTrie(entries);
  const spellings = new Map(entries.map(([piece, id]) => [id, piece]));
  const unknown = trie.find(json.unk_token);
  const inner = walk(trie, json.continuing_subword_prefix);
  return {
    *encode(word, ids, pace: Pace) {
      const first = ids.length;
      let isKnown = !isLonger(word, json.max_input_chars_per_word);
      for (let start = 0; start < word.length && isKnown; ) {
        const [end, id] = longestPiece(trie, start === 0 ? PieceTrie.ROOT : inner, word, start);
        isKnown = end > start;
        if (isKnown) ids.push(id);
        if (pace.isDue(end - start)) yield pace.take();
        start = end;
      }
      if (isKnown) return;
      ids.length = first;
      if (unknown !== undefined) ids.push(unknown);
    },
    spelling: (id) => spellings.get(id) ?? '',
    unknown,
    size: entries.reduce((most, [, id]) => Math.max(most, id), -1) + 1,
  };
}

/** Whether a text has more characters than that, in time that does not grow with the text. */
const isLonger = (text: string, characters: number): boolean =>
  text.length > characters && (text.length > 2 * characters || Array.from(text).length > characters);

/** @returns where the longest piece ends, which is `start` if there is none, and its id */
function longestPiece(trie: PieceTrie, root: number, word: string, start: number): [end: number, id: number] {
  let [end, id] = [start, -1];
  let node = root;
  for (let at = start; at < word.length && node !== -1; ) {
    node = trie.next(node, word.charCodeAt(at++));
    if (node !== -1 && trie.idAt(node) !== -1) [end, id] = [at, trie.idAt(node)];
  }
  return [end, id];
}

/** The node after a text, or -1. */
function walk(trie: PieceTrie, text: string): number {
  let node: number = PieceTrie.ROOT;
  for (let at = 0; at < text.length && node !== -1; at++) node = trie.next(node, text.charCodeAt(at));
  return node;
}
