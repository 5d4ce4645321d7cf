import { describe, expect, it } from 'vitest';
import { IncrementalDetokenizer } from '../../src/tokenizer/incremental-detokenizer.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { END_OF_TEXT, tokenizer, VOCABULARY_SIZE } from './default-tokenizer.ts';

/** Ids 1 to 256 of the default model are the single bytes. */
const idsOfBytes = new Map(Array.from({ length: 256 }, (_, index) => [tokenizer.bytes(index + 1)[0], index + 1]));
const byteIds = (text: string) => Array.from(new TextEncoder().encode(text), (byte) => idsOfBytes.get(byte)!);

function pushAll(ids: readonly number[]): { pushed: string[]; flushed: string } {
  const detokenizer = new IncrementalDetokenizer(tokenizer);
  return { pushed: ids.map((id) => detokenizer.push(id)), flushed: detokenizer.flush() };
}

describe('IncrementalDetokenizer', () => {
  it('should hold back an incomplete character until it is whole', () => {
    expect(pushAll(byteIds('a😀é'))).toEqual({ pushed: ['a', '', '', '', '😀', '', 'é'], flushed: '' });
  });

  it('should flush an incomplete character as U+FFFD', () => {
    expect(pushAll(byteIds('a😀').slice(0, -1))).toEqual({ pushed: ['a', '', '', ''], flushed: '\ufffd' });
  });

  it('should show nothing for a special token, between characters or within one', () => {
    const [first, second] = byteIds('é');
    expect(pushAll([257, END_OF_TEXT, first, END_OF_TEXT, second])).toEqual({ pushed: ['he', '', '', '', 'é'], flushed: '' });
  });

  it('should keep a byte order mark', () => {
    expect(pushAll(byteIds('\ufeff')).pushed.join('')).toBe('\ufeff');
  });

  it('should give the same text as decode, for random ids', () => {
    const random = new SeededRandom(14);
    for (let round = 0; round < 400; round++) {
      const below = random.pick([257, VOCABULARY_SIZE + 5]);
      const ids = random.list(random.integer(60), () => random.integer(below));
      const { pushed, flushed } = pushAll(ids);
      expect(pushed.join('') + flushed, ids.join()).toBe(tokenizer.decode(ids));
    }
  });
});
