import { describe, expect, it } from 'vitest';
import { specialTokenBytes } from '../../../src/constrain/special-token.ts';
import { type ConstrainedVocabulary, VocabularyConstraints } from '../../../src/constrain/vocabulary-constraints.ts';
import type { CallSyntax } from '../../../src/core/call-syntax.ts';
import type { TokenConstraint } from '../../../src/core/token-constraint.ts';
import { CallParser, type CallPiece } from '../../../src/generation/tools/call-parser.ts';
import { OWN_SYNTAX } from '../../../src/generation/tools/own-tool-prompt.ts';
import { SeededRandom } from '../seeded-random.ts';

const EOS = 0;
const SPECIAL = 1;
const utf8 = new TextEncoder();

/** The forms of Qwen and Hermes, of Mistral, of Llama 3, and one in which special tokens stand between names and arguments. */
const SYNTAXES: Record<string, CallSyntax> = {
  tags: OWN_SYNTAX,
  'a special token': {
    marker: [SPECIAL],
    opening: ['[{"name": "'],
    middle: ['", "arguments": '],
    separator: ['}, {"name": "'],
    closing: ['}]'],
  },
  'no marker': { marker: null, opening: ['{"name": "'], middle: ['", "parameters": '], separator: null, closing: ['}'] },
  'special tokens between': { marker: ['call:'], opening: [], middle: [SPECIAL], separator: [SPECIAL, 'call:'], closing: [SPECIAL] },
};
const PIECES = [
  '<tool',
  '_call>',
  '<',
  '\n',
  ' ',
  '{"',
  'name',
  '": "',
  'get',
  '_all',
  'get_all',
  '", "',
  'arguments',
  '{}',
  '}',
  '"a"',
  'call:',
  'é',
  'x',
];

function vocabularyOf(random: SeededRandom): ConstrainedVocabulary {
  const runs = random.list(100, () => utf8.encode(random.text(PIECES, 1 + random.integer(3))));
  const bytes = Array.from({ length: 255 }, (_, byte) => Uint8Array.of(byte));
  const tokens = [new Uint8Array(), specialTokenBytes(SPECIAL), ...bytes, ...runs, ...PIECES.map((piece) => utf8.encode(piece))];
  return { size: tokens.length, eosTokenIds: [EOS], bytes: (id) => tokens[id] };
}

/** Draws an answer that leans to calls, and to an end. */
function draw(constraint: TokenConstraint, { size }: ConstrainedVocabulary, random: SeededRandom, most: number): number[] {
  const ids: number[] = [];
  for (let state = constraint.start(); !state.isComplete && ids.length < most; ) {
    const allowed = Array.from({ length: size }, (_, id) => id).filter((id) => (state.allowed()[id >> 5] >>> (id & 31)) & 1);
    const wished = random.next() < 0.7 ? allowed.filter((id) => id <= SPECIAL || id >= size - PIECES.length) : allowed;
    const id = random.pick(wished.length > 0 ? wished : allowed);
    ids.push(id);
    if (id === EOS) break;
    state = state.after(id);
  }
  return ids;
}

/** What a parser makes of an answer that comes token by token, or as a whole. */
function parsed(syntax: CallSyntax, ids: readonly number[], { bytes }: ConstrainedVocabulary, isWhole: boolean, isForced: boolean) {
  const parser = new CallParser(syntax, ['get', 'get_all'], isForced);
  const decoder = new TextDecoder();
  const pieces: CallPiece[] = [];
  let waiting = '';
  for (const id of ids.filter((one) => one !== EOS)) {
    if (id === SPECIAL && syntax.marker?.[0] === SPECIAL) {
      pieces.push(...parser.push(waiting), ...parser.mark());
      waiting = '';
    }
    if (id !== SPECIAL) waiting += decoder.decode(bytes(id), { stream: true });
    if (isWhole) continue;
    pieces.push(...parser.push(waiting));
    waiting = '';
  }
  pieces.push(...parser.push(waiting), ...parser.end());
  const calls: { name: string; arguments: string }[] = [];
  let text = '';
  for (const piece of pieces)
    if (piece.type === 'text') text += piece.text;
    else if (piece.type === 'call') calls.push({ name: piece.name, arguments: '' });
    else calls.at(-1)!.arguments += piece.text;
  return { text, calls, isWhole: parser.hasWholeCalls };
}

const SCHEMA = { type: 'object', properties: { a: { enum: [1, '}"{', null] } }, required: ['a'], additionalProperties: false };

describe.each(Object.entries(SYNTAXES))('calls written with %s', (_, syntax) => {
  it.each(['any', 'none'] as const)('should be found in what the constraint allows, and nothing else: text %s', async (text) => {
    const random = new SeededRandom(3);
    let called = 0;
    for (let round = 0; round < 60; round++) {
      const vocabulary = vocabularyOf(random);
      const constraints = new VocabularyConstraints(vocabulary);
      await constraints.prepare();
      const functions = ['get', 'get_all'].map((name) => ({ name, arguments: constraints.jsonSchema(SCHEMA) }));
      const isSingle = round % 2 === 0;
      const ids = draw(constraints.calls(syntax, functions, isSingle, text), vocabulary, random, 150);
      const found = parsed(syntax, ids, vocabulary, false, text === 'none');
      expect(parsed(syntax, ids, vocabulary, true, text === 'none')).toEqual(found);
      const wasCut = ids.length === 150 && ids.at(-1) !== EOS;
      if (found.calls.length > 0) called++;
      if (isSingle || syntax.separator === null) expect(found.calls.length).toBeLessThan(2);
      if (text === 'none') expect(found.text).toBe('');
      if (text === 'none' && !wasCut) expect(found.isWhole).toBe(true);
      for (const [index, call] of found.calls.entries()) {
        if (wasCut && !found.isWhole && index === found.calls.length - 1) continue;
        expect([1, '}"{', null]).toContain(JSON.parse(call.arguments).a);
      }
      if (typeof syntax.marker?.[0] === 'string') expect(found.text).not.toContain(syntax.marker[0]);
    }
    expect(called).toBeGreaterThan(text === 'any' ? 0 : 40);
  });

  it('should leave text without calls as it is', async () => {
    const whole = 'Some text {with} <tags>, [brackets] and "quotes".';
    for (const isWhole of [true, false]) {
      const bytes = [...utf8.encode(whole)];
      const vocabulary: ConstrainedVocabulary = { size: 258, eosTokenIds: [EOS], bytes: (id) => Uint8Array.of(id - 2) };
      const ids = bytes.map((byte) => byte + 2);
      expect(parsed(syntax, ids, vocabulary, isWhole, false)).toEqual({ text: whole, calls: [], isWhole: false });
    }
  });
});
