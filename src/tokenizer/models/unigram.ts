import { z } from 'zod';
import type { Pace, Steps } from '../pace.ts';
import { PieceTrie } from './piece-trie.ts';
import type { WordModel } from './word-model.ts';

export const unigramSchema = z
  .looseObject({
    unk_id: z.number().int().min(0),
    vocab: z.array(z.tuple([z.string(), z.number()])).min(1),
    byte_fallback: z.boolean().default(false),
  })
  .refine(({ unk_id, vocab }) => unk_id < vocab.length, { path: ['unk_id'], message: 'is outside of the vocabulary' });

/** How much worse an unknown character is than the worst piece. */
const UNKNOWN_PENALTY = 10;
/** Nodes of the trie that are visited in the time that a character takes to encode. */
const WALKED_PER_ENCODED = 4;

/**
 * Unigram, after Kudo, "Subword Regularization" (2018): of all ways to cut a word into pieces it takes the one whose
 * scores have the greatest sum, by Viterbi's algorithm. It is `encode_optimized` of the tokenizers package's
 * unigram/model.rs: of equal sums the one that was found first counts, and unknown characters that follow each other
 * are one piece.
 */
export function unigram({ unk_id: unknown, vocab, byte_fallback }: z.infer<typeof unigramSchema>): WordModel {
  const trie = new PieceTrie(vocab.map(([piece], id) => [piece, id] as const));
  const scores = Float64Array.from(vocab, ([, score]) => score);
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const bytesOf = byte_fallback ? byteTokens(trie) : () => undefined;

  /** Where the last piece of the best cut of `word` up to each place begins, and its id. */
  function* bestCuts(word: string, pace: Pace): Steps<{ starts: Int32Array; ids: Int32Array }> {
    const starts = new Int32Array(word.length + 1).fill(-1);
    const ids = new Int32Array(word.length + 1);
    const sums = new Float64Array(word.length + 1);
    const offer = (start: number, end: number, id: number, score: number) => {
      const sum = sums[start] + score;
      if (starts[end] === -1 || sum > sums[end]) [sums[end], starts[end], ids[end]] = [sum, start, id];
    };
    for (let start = 0; start < word.length; ) {
      const next = start + unitsAt(word, start);
      let hasCharacter = false;
      let node: number = PieceTrie.ROOT;
      let end = start;
      while (end < word.length) {
        node = trie.next(node, word.charCodeAt(end++));
        if (node === -1) break;
        const id = trie.idAt(node);
        if (id === -1) continue;
        offer(start, end, id, scores[id]);
        hasCharacter ||= end === next;
      }
      if (!hasCharacter) offer(start, next, unknown, unknownScore);
      if (pace.isDue(1 + (end - start) / WALKED_PER_ENCODED)) yield pace.take();
      start = next;
    }
    return { starts, ids };
  }

  return {
    *encode(word, ids, pace) {
      const best = yield* bestCuts(word, pace);
      const pieces: string[] = [];
      for (let end = word.length; end > 0; ) {
        let start = best.starts[end];
        if (best.ids[end] === unknown) while (start > 0 && best.ids[start] === unknown) start = best.starts[start];
        pieces.push(word.slice(start, end));
        if (pace.isDue((end - start) / 2)) yield pace.take();
        end = start;
      }
      for (const piece of pieces.reverse()) {
        const id = trie.find(piece);
        for (const token of id === undefined ? (bytesOf(piece) ?? [unknown]) : [id]) ids.push(token);
        if (pace.isDue(piece.length / 2)) yield pace.take();
      }
    },
    spelling: (id) => vocab[id]?.[0] ?? '',
    unknown,
    size: vocab.length,
  };
}

const unitsAt = (text: string, place: number): number => (text.codePointAt(place)! > 0xffff ? 2 : 1);

/** The tokens of the bytes of a piece; undefined if one has none. */
function byteTokens(trie: PieceTrie): (piece: string) => number[] | undefined {
  const utf8 = new TextEncoder();
  const ofByte = Array.from({ length: 256 }, (_, byte) => trie.find(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
  return (piece) => {
    const tokens = Array.from(utf8.encode(piece), (byte) => ofByte[byte]);
    return tokens.every((token) => token !== undefined) ? tokens : undefined;
  };
}
