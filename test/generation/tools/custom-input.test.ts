import { describe, expect, it } from 'vitest';
import { type ConstrainedVocabulary, VocabularyConstraints } from '../../../src/constrain/vocabulary-constraints.ts';
import { InputReader } from '../../../src/generation/tools/input-reader.ts';
import { SeededRandom } from '../seeded-random.ts';

const EOS = 0;
const utf8 = new TextEncoder();
const PIECES = ['{"', 'input', '": "', '\\', '\\n', '\\"', '\\u00', '\\ud83d', '\\ude00', '"}', '"', 'é', '😀', 'ab', '12', '-', ' '];

/** All bytes, and pieces that are cut anywhere, within escapes and within characters. */
function vocabularyOf(random: SeededRandom): ConstrainedVocabulary {
  const runs = random.list(60, () => {
    const bytes = utf8.encode(random.text(PIECES, 1 + random.integer(3)));
    return bytes.slice(0, 1 + random.integer(bytes.length));
  });
  const tokens = [new Uint8Array(), ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)), ...runs];
  return { size: tokens.length, eosTokenIds: [EOS], bytes: (id) => tokens[id] };
}

/** Draws the arguments of a call, and reads its input from them as they come. */
function draw(constraints: VocabularyConstraints, { size, bytes }: ConstrainedVocabulary, random: SeededRandom, source?: string) {
  const reader = new InputReader();
  const decoder = new TextDecoder();
  let [json, input, isWhole] = ['', '', false];
  let state = constraints.input(source).start();
  for (let count = 0; count < 80 && !state.isComplete; count++) {
    const allowed = Array.from({ length: size }, (_, id) => id).filter((id) => (state.allowed()[id >> 5] >>> (id & 31)) & 1);
    const runs = allowed.filter((id) => id > 256);
    const id = random.pick(runs.length > 0 && random.next() < 0.6 ? runs : allowed);
    isWhole = id === EOS;
    if (isWhole) break;
    const text = decoder.decode(bytes(id), { stream: true });
    // An answer may begin with white space, which is not part of the call.
    const added = json === '' ? text.trimStart() : text;
    json += added;
    input += reader.push(added);
    state = state.after(id);
  }
  return { json, input, isWhole: isWhole || state.isComplete };
}

const SOURCES: [string | undefined, RegExp][] = [
  [undefined, /^.*$/s],
  ['[0-9]{2}-[a-b]{2}', /^[0-9]{2}-[a-b]{2}$/],
  ['(é|😀|"|\\\\|\\n| ){2,5}', /^(é|😀|"|\\|\n| ){2,5}$/u],
  ['^a{1,3}$|^b?$', /^(a{1,3}|b?)$/],
];

describe('the input of a custom tool', () => {
  it.each(SOURCES)('should match its regular expression, and be read as it comes: %s', async (source, expected) => {
    const random = new SeededRandom(7);
    let whole = 0;
    for (let round = 0; round < 40; round++) {
      const vocabulary = vocabularyOf(random);
      const constraints = new VocabularyConstraints(vocabulary);
      await constraints.prepare();
      const { json, input, isWhole } = draw(constraints, vocabulary, random, source);
      if (!isWhole) continue;
      whole++;
      expect(Object.keys(JSON.parse(json))).toEqual(['input']);
      expect(input).toBe(JSON.parse(json).input);
      expect(input).toMatch(expected);
    }
    expect(whole).toBeGreaterThan(source === undefined ? 5 : 30);
  });

  it('should be read the same wherever its JSON is cut, with every escape', () => {
    const random = new SeededRandom(1);
    const written = '\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\u0000\\\\u12 é😀\\\\';
    const json = `{"input": "${written}"}`;
    for (let round = 0; round < 200; round++) {
      const reader = new InputReader();
      let input = '';
      for (let place = 0; place < json.length; ) {
        const length = 1 + random.integer(4);
        input += reader.push(json.slice(place, place + length));
        place += length;
      }
      expect(input).toBe(JSON.parse(json).input);
    }
  });

  it('should be read as far as it is there, if it is cut', () => {
    const json = '{"input": "a\\ud83d\\ude00b"}';
    const read = Array.from({ length: json.length + 1 }, (_, length) => new InputReader().push(json.slice(0, length)));
    expect([...new Set(read)]).toEqual(['', 'a', 'a😀', 'a😀b']);
  });

  it('should be refused if no text matches, and if it takes what no automaton has', async () => {
    const vocabulary = vocabularyOf(new SeededRandom(1));
    const constraints = new VocabularyConstraints(vocabulary);
    expect(() => constraints.input('[^\\s\\S]')).toThrow('The regular expression matches no text.');
    expect(() => constraints.input('(a)\\1')).toThrow('cannot be enforced');
    expect(() => constraints.input('((a{999}){999}){999}')).toThrow();
  });
});
