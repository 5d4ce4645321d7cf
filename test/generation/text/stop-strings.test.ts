import { describe, expect, it } from 'vitest';
import { StopStrings } from '../../../src/generation/text/stop-strings.ts';
import { SeededRandom } from '../seeded-random.ts';
import { cutAtFirstStop } from './cut-at-first-stop.ts';

/** What `push` says for each piece, up to a stop, and what is left then. */
function run(stops: readonly string[], pieces: readonly string[]) {
  const stopStrings = new StopStrings(stops);
  const shown: string[] = [];
  for (const piece of pieces) {
    const { text, stopped } = stopStrings.push(piece);
    shown.push(text);
    if (stopped) return { shown, stopped: true, rest: stopStrings.flush() };
  }
  return { shown, stopped: false, rest: stopStrings.flush() };
}

describe('StopStrings', () => {
  it('should release text immediately if there are no stop strings', () => {
    expect(run([], ['a', 'b\n', 'c'])).toEqual({ shown: ['a', 'b\n', 'c'], stopped: false, rest: '' });
  });

  it('should end before a stop string inside a piece', () => {
    expect(run(['STOP'], ['one STOP two'])).toEqual({ shown: ['one '], stopped: true, rest: '' });
  });

  it('should hold back a stop string that is split over many pieces', () => {
    expect(run(['STOP'], ['x', 'S', 'T', 'O', 'P', 'y'])).toEqual({ shown: ['x', '', '', '', ''], stopped: true, rest: '' });
  });

  it('should release what turns out not to begin a stop string', () => {
    expect(run(['STOP'], ['aST', 'O', 'Mb'])).toEqual({ shown: ['a', '', 'STOMb'], stopped: false, rest: '' });
  });

  it('should release only what can no longer become a stop string', () => {
    expect(run(['aab'], ['a', 'a', 'a', 'b'])).toEqual({ shown: ['', '', 'a', ''], stopped: true, rest: '' });
  });

  it('should release what was held back when the text ends', () => {
    expect(run(['STOP'], ['xS', 'TO'])).toEqual({ shown: ['x', ''], stopped: false, rest: 'STO' });
  });

  it('should cut at the stop string that is complete first, however the text is split', () => {
    for (const pieces of [['xabcd'], ['xabc', 'd'], ['x', 'a', 'b', 'c', 'd']])
      expect(run(['abcd', 'bc'], pieces).shown.join(''), pieces.join('|')).toBe('xa');
  });

  it('should cut at the longest of the stop strings that are complete at the same place', () => {
    for (const stops of [
      ['abc', 'c'],
      ['c', 'abc'],
    ])
      expect(run(stops, ['xab', 'c'])).toEqual({ shown: ['x', ''], stopped: true, rest: '' });
  });

  it('should equal the whole text cut at its first stop, and never release more, for random texts, stops and splits', () => {
    const random = new SeededRandom(6);
    const alphabet = ['a', 'b', 'c', '😀'];
    let stopped = 0;
    for (let round = 0; round < 4000; round++) {
      const stops = random.list(1 + random.integer(3), () => random.text(alphabet, 1 + random.integer(4)));
      const pieces = random.list(1 + random.integer(12), () => random.text(alphabet, random.integer(4)));
      const expected = cutAtFirstStop(stops, pieces.join(''));
      const result = run(stops, pieces);
      const message = JSON.stringify({ stops, pieces });
      expect(result.stopped, message).toBe(expected !== null);
      expect(result.shown.join('') + result.rest, message).toBe(expected ?? pieces.join(''));
      if (result.stopped) stopped++;
    }
    // The data has to have both cases.
    expect(stopped).toBeGreaterThan(1000);
    expect(stopped).toBeLessThan(3900);
  });
});
