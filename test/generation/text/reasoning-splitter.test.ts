import { describe, expect, it } from 'vitest';
import { ReasoningSplitter } from '../../../src/generation/text/reasoning-splitter.ts';
import { SeededRandom } from '../seeded-random.ts';

const TAGS = { start: '<think>', end: '</think>' };

/** What all pieces of an answer are split into. */
function split(pieces: readonly string[], isThinking = false) {
  const splitter = new ReasoningSplitter(TAGS, isThinking);
  const parts = [...pieces.map((piece) => splitter.push(piece)), splitter.end()];
  return { reasoning: parts.map(({ reasoning }) => reasoning).join(''), content: parts.map(({ content }) => content).join('') };
}

describe('ReasoningSplitter', () => {
  it.each([
    ['<think>\nA cat?\n\nYes.\n</think>\n\nA cat.\n', { reasoning: 'A cat?\n\nYes.', content: 'A cat.\n' }],
    ['\n<think>A cat?</think>A cat.', { reasoning: 'A cat?', content: 'A cat.' }],
    ['<think>\n\n</think>\n\nA cat.', { reasoning: '', content: 'A cat.' }],
    ['<think>\nA cat? </thin', { reasoning: 'A cat? </thin', content: '' }],
    ['A cat <think>not</think>.', { reasoning: '', content: 'A cat <think>not</think>.' }],
    [' <thin', { reasoning: '', content: ' <thin' }],
    ['<think>a</think>b</think>', { reasoning: 'a', content: 'b</think>' }],
    ['', { reasoning: '', content: '' }],
  ])('should split %j', (text, expected) => {
    expect(split([text])).toEqual(expected);
  });

  it('should begin within the tags if the prompt ends there', () => {
    expect(split(['A cat?\n</think>\n\nA cat.'], true)).toEqual({ reasoning: 'A cat?', content: 'A cat.' });
  });

  it('should give the same, however the text is cut, and at once what no later text can change', () => {
    for (let seed = 0; seed < 500; seed++) {
      const random = new SeededRandom(seed);
      const text = random.list(1 + random.integer(12), () => random.pick(['<think>', '</think>', '\n', 'a', '<', '</t', ' '])).join('');
      const isThinking = random.next() < 0.3;
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) {
        const end = at + 1 + random.integer(6);
        pieces.push(text.slice(at, end));
        at = end;
      }
      expect(split(pieces, isThinking), JSON.stringify(text)).toEqual(split([text], isThinking));
    }
    const splitter = new ReasoningSplitter(TAGS, false);
    expect(splitter.push('<think>\nA cat?')).toEqual({ reasoning: 'A cat?', content: '' });
    expect(splitter.push('\n</th')).toEqual({ reasoning: '', content: '' });
    expect(splitter.push('ink>\n')).toEqual({ reasoning: '', content: '' });
    expect(splitter.push('Yes')).toEqual({ reasoning: '', content: 'Yes' });
  });
});
