import { describe, expect, it } from 'vitest';
import { type DecodedToken, type TextPiece, TextPieces } from '../../../src/generation/text/text-pieces.ts';
import { END_OF_TEXT, tokenizer, VOCABULARY_SIZE } from '../../tokenizer/default-tokenizer.ts';
import { randomText } from '../../tokenizer/random-text.ts';
import { SeededRandom } from '../seeded-random.ts';
import { cutAtFirstStop } from './cut-at-first-stop.ts';

const decoded = (ids: readonly number[]): DecodedToken[] => ids.map((id) => ({ id, endOfSequence: false }));
const END: DecodedToken = { id: END_OF_TEXT, endOfSequence: true };

/** All pieces of a completion that has these tokens, unless it ends before. */
function piecesOf(tokens: Iterable<DecodedToken>, stops: readonly string[] = []): TextPiece[] {
  const pieces = new TextPieces(tokenizer, stops);
  const made: TextPiece[] = [];
  for (const token of tokens) {
    const piece = pieces.push(token);
    if (piece) made.push(piece);
    if (piece?.finishReason) return made;
  }
  return [...made, pieces.end('length')];
}
const textOf = (pieces: readonly TextPiece[]) => pieces.map(({ text }) => text).join('');
const placedIn = (pieces: readonly TextPiece[]) => pieces.flatMap(({ tokens }) => tokens.map(({ id, offset }) => ({ id, offset })));

/** Ids 1 to 256 of the default model are the single bytes. */
const idsOfBytes = new Map(Array.from({ length: 256 }, (_, index) => [tokenizer.bytes(index + 1)[0], index + 1]));
const byteIds = (text: string) => Array.from(new TextEncoder().encode(text), (byte) => idsOfBytes.get(byte)!);

/**
 * Where each token begins, from the bytes of the whole (valid) text: the UTF-16 units of all characters that end
 * before it.
 */
function offsetsOf(ids: readonly number[]): number[] {
  const bytes = ids.flatMap((id) => (tokenizer.isSpecial(id) ? [] : [...tokenizer.bytes(id)]));
  let position = 0;
  return ids.map((id) => {
    let character = position;
    while (character < bytes.length && (bytes[character] & 0xc0) === 0x80) character--;
    if (!tokenizer.isSpecial(id)) position += tokenizer.bytes(id).length;
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes.slice(0, character))).length;
  });
}

describe('TextPieces', () => {
  it('should give each token its piece, and the last one a finish reason', () => {
    const ids = tokenizer.encode('Once upon');
    const pieces = piecesOf(decoded(ids));
    expect(textOf(pieces)).toBe('Once upon');
    expect(pieces.length).toBe(ids.length + 1);
    expect(pieces.at(-1)).toEqual({ text: '', tokens: [], finishReason: 'length', completionTokens: ids.length, totalLogprob: 0 });
    expect(pieces.map(({ completionTokens }) => completionTokens)).toEqual([...ids.keys(), ids.length - 1].map((index) => index + 1));
  });

  it('should end at EOS, which stands for no text', () => {
    const [he] = tokenizer.encode('he');
    const pieces = piecesOf([...decoded([he]), END]);
    expect(pieces).toEqual([
      { text: 'he', tokens: [{ id: he, endOfSequence: false, offset: 0 }], finishReason: undefined, completionTokens: 1, totalLogprob: 0 },
      { text: '', tokens: [{ ...END, offset: 2 }], finishReason: 'stop', completionTokens: 2, totalLogprob: 0 },
    ]);
  });

  it('should take no text from an EOS token that is not special either', () => {
    const [he] = tokenizer.encode('he');
    expect(textOf(piecesOf([...decoded([he]), { id: he, endOfSequence: true }]))).toBe('he');
  });

  it('should give one last piece for no tokens', () => {
    expect(piecesOf([])).toEqual([{ text: '', tokens: [], finishReason: 'length', completionTokens: 0, totalLogprob: 0 }]);
  });

  it('should never release half a character, and keep its tokens together', () => {
    const pieces = piecesOf(decoded(byteIds('a😀b')));
    expect(pieces.map(({ text }) => text)).toEqual(['a', '😀', 'b', '']);
    expect(pieces.map(({ tokens }) => tokens.map(({ offset }) => offset))).toEqual([[0], [1, 1, 1, 1], [3], []]);
  });

  it('should release an incomplete character as U+FFFD, but only at the end', () => {
    const half = byteIds('é').slice(0, 1);
    expect(piecesOf(decoded(half)).map(({ text }) => text)).toEqual(['\ufffd']);
    const [ended, ...more] = piecesOf([...decoded(half), END]);
    expect(ended).toMatchObject({ text: '\ufffd', finishReason: 'stop', tokens: [{ offset: 0 }, { ...END, offset: 1 }] });
    expect(more).toEqual([]);
  });

  it('should keep a special token inside a character with that character', () => {
    const [first, second] = byteIds('é');
    const pieces = piecesOf(decoded([first, END_OF_TEXT, second]));
    expect(pieces.map(({ text, tokens }) => [text, tokens.map(({ id }) => id)])).toEqual([
      ['é', [first, END_OF_TEXT, second]],
      ['', []],
    ]);
  });

  it('should hold back what may become a stop string, with its tokens, and release it if it does not become one', () => {
    const pieces = piecesOf(decoded(byteIds('xSTOMy')), ['STOP']);
    expect(pieces.map(({ text, tokens }) => [text, tokens.length])).toEqual([
      ['x', 1],
      ['STOM', 4],
      ['y', 1],
      ['', 0],
    ]);
  });

  it('should release what was held back when the tokens end', () => {
    const pieces = piecesOf(decoded(byteIds('xSTO')), ['STOP']);
    expect(pieces.at(-1)).toMatchObject({ text: 'STO', finishReason: 'length', completionTokens: 4 });
    const ended = piecesOf([...decoded(byteIds('xSTO')), END], ['STOP']);
    expect(ended.at(-1)).toMatchObject({ text: 'STO', finishReason: 'stop', completionTokens: 5 });
    expect(placedIn(ended).length).toBe(5);
  });

  it('should count the tokens of a stop string, and release only those that began before it', () => {
    const ids = [...byteIds('ab'), ...tokenizer.encode(' the'), ...byteIds('z')];
    const pieces = piecesOf(decoded(ids), ['the']);
    expect(textOf(pieces)).toBe('ab ');
    // " the" is one token: its space is shown, so it comes out too.
    expect(placedIn(pieces).map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(pieces.at(-1)).toMatchObject({ finishReason: 'stop', completionTokens: 3 });
    expect(placedIn(piecesOf(decoded(ids), ['b'])).map(({ id }) => id)).toEqual(ids.slice(0, 1));
  });

  it('should release a special token right before a stop string, whether text was held back or not', () => {
    const [a, b] = byteIds('ab');
    for (const stops of [['b'], ['aab', 'b']]) {
      const pieces = piecesOf(decoded([a, END_OF_TEXT, b]), stops);
      expect(placedIn(pieces).map(({ id }) => id)).toEqual([a, END_OF_TEXT]);
    }
  });

  it('should find a stop string in text that only the end makes certain', () => {
    const half = byteIds('é').slice(0, 1);
    expect(piecesOf(decoded([...byteIds('a'), ...half]), ['\ufffd'])).toMatchObject([
      { text: 'a', tokens: [{ offset: 0 }] },
      { text: '', tokens: [], finishReason: 'stop', completionTokens: 2, totalLogprob: 0 },
    ]);
  });

  it('should pass scores on', () => {
    const scored = { id: 257, endOfSequence: false, logprob: -1, top: [{ id: 5, logprob: -0.5 }] };
    expect(piecesOf([scored])[0].tokens).toEqual([{ ...scored, offset: 0 }]);
  });

  it('should equal the text decoded at once and cut at its first stop, for random unicode, tokens and stops', () => {
    const random = new SeededRandom(20);
    let stoppedRuns = 0;
    for (let round = 0; round < 800; round++) {
      const text = randomText(random, 20);
      // Whole tokens or single bytes, special tokens in between.
      const ids = (random.next() < 0.5 ? tokenizer.encode(text) : byteIds(text)).flatMap((id) =>
        random.next() < 0.1 ? [END_OF_TEXT, id] : [id],
      );
      const characters = [...text, 'q'];
      const stops = random.list(random.integer(4), () => {
        const begin = random.integer(characters.length);
        return characters.slice(begin, begin + 1 + random.integer(4)).join('');
      });
      const hasEnd = random.next() < 0.5;
      const pieces = piecesOf([...decoded(ids), ...(hasEnd ? [END] : [])], stops);
      const message = JSON.stringify({ text, stops, ids });

      const cut = cutAtFirstStop(stops, text);
      expect(textOf(pieces), message).toBe(cut ?? text);
      expect(pieces.at(-1)!.finishReason, message).toBe(cut !== null || hasEnd ? 'stop' : 'length');
      if (cut !== null) stoppedRuns++;

      const offsets = offsetsOf(ids);
      // All tokens before the first one that begins in the stop string or after it.
      const end = cut?.length ?? Number.POSITIVE_INFINITY;
      const behind = ids.findIndex((id, index) => offsets[index] > end || (offsets[index] === end && !tokenizer.isSpecial(id)));
      const placed = ids.map((id, index) => ({ id, offset: offsets[index] })).slice(0, behind === -1 ? ids.length : behind);
      if (cut === null && hasEnd) placed.push({ id: END_OF_TEXT, offset: text.length });
      expect(placedIn(pieces), message).toEqual(placed);

      let shown = 0;
      for (const { text: piece, tokens, finishReason } of pieces) {
        shown += piece.length;
        expect(piece !== '' || tokens.length > 0 || finishReason !== undefined, message).toBe(true);
        for (const { offset } of tokens) expect(offset, message).toBeLessThanOrEqual(shown);
        if (!text.includes('\ufffd')) expect(piece, message).not.toContain('\ufffd');
      }
    }
    expect(stoppedRuns).toBeGreaterThan(200);
    expect(stoppedRuns).toBeLessThan(700);
  });

  it('should equal the text decoded at once for random ids that are not valid UTF-8', () => {
    const random = new SeededRandom(21);
    for (let round = 0; round < 300; round++) {
      const below = random.pick([257, VOCABULARY_SIZE]);
      const ids = random.list(random.integer(40), () => random.integer(below));
      const pieces = piecesOf(decoded(ids));
      expect(textOf(pieces), ids.join()).toBe(tokenizer.decode(ids));
      expect(placedIn(pieces).map(({ id }) => id)).toEqual(ids);
    }
  });
});
