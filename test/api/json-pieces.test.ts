import { expect, it } from 'vitest';
import { jsonPieces } from '../../src/api/openai/json-pieces.ts';

it('should write what JSON.stringify writes, in pieces of bounded length', () => {
  const choice = {
    text: '"\u2028\ud800é',
    logprobs: { tokens: Array.from({ length: 5000 }, (_, id) => `t${id}`), top: [{}, null, { a: -1.5e-7 }] },
  };
  const value = {
    id: 'x',
    absent: undefined,
    none: null,
    choices: Array.from({ length: 20 }, () => choice),
    empty: [],
    usage: { n: 1, absent: undefined },
  };
  const pieces = [...jsonPieces(value)];
  expect(pieces.join('')).toBe(JSON.stringify(value));
  expect(pieces.length).toBeGreaterThan(5);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(2 ** 17);
});
