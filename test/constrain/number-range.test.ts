import { describe, expect, it } from 'vitest';
import type { ByteState } from '../../src/constrain/byte-state.ts';
import { type NumberBounds, numberRange } from '../../src/constrain/number-range.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

function accepts(first: ByteState | undefined, text: string): boolean {
  let state = first;
  for (const byte of new TextEncoder().encode(text)) state = state?.step(byte);
  return state?.accepts ?? false;
}

function isValid(value: number, { min, max, exclusiveMin, exclusiveMax, isInteger, multiples }: NumberBounds): boolean {
  return (
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (exclusiveMin === undefined || value > exclusiveMin) &&
    (exclusiveMax === undefined || value < exclusiveMax) &&
    (!isInteger || Number.isInteger(value)) &&
    multiples.every((multiple) => Math.abs(value / multiple - Math.round(value / multiple)) < 1e-9)
  );
}

/** A number with few digits, so that bounds are met and multiples are exact. */
const short = (random: SeededRandom) => (random.integer(4001) - 2000) / random.pick([1, 1, 10, 100]);

describe('numbers within bounds', () => {
  it('should be exactly those that the bounds allow', () => {
    const random = new SeededRandom(3);
    for (let round = 0; round < 400; round++) {
      const maybe = () => (random.next() < 0.4 ? short(random) : undefined);
      const bounds: NumberBounds = {
        min: maybe(),
        max: maybe(),
        exclusiveMin: maybe(),
        exclusiveMax: maybe(),
        isInteger: random.next() < 0.5,
        multiples: random.next() < 0.3 ? [random.pick([2, 3, 0.5, 0.01, 7, 2.5])] : [],
      };
      const first = numberRange(bounds);
      for (let sample = 0; sample < 30; sample++) {
        const value = short(random);
        expect(accepts(first, JSON.stringify(value)), `${value} in ${JSON.stringify(bounds)}`).toBe(isValid(value, bounds));
      }
    }
  });

  it('should be reached from every state that is alive', () => {
    const random = new SeededRandom(4);
    for (let round = 0; round < 200; round++) {
      const [a, b] = [short(random), short(random)].sort((x, y) => x - y);
      const bounds: NumberBounds = {
        min: a,
        exclusiveMax: b,
        isInteger: random.next() < 0.5,
        multiples: random.next() < 0.5 ? [random.pick([3, 0.25])] : [],
      };
      let state = numberRange(bounds);
      // Any way through the automaton ends in an accepting state, for as long as bytes are chosen that it allows.
      for (let length = 0; state && length < 60; length++) {
        const current: ByteState = state;
        const bytes = Array.from('-.0123456789', (character) => character.charCodeAt(0)).filter((byte) => current.step(byte));
        if (bytes.length === 0) break;
        state = current.step(random.pick(bytes));
      }
      if (state) expect(state.accepts || length > 0).toBe(true);
    }
  });

  it('should not be, between bounds that exclude all', () => {
    expect(numberRange({ exclusiveMin: 1, exclusiveMax: 2, isInteger: true, multiples: [] })).toBeUndefined();
    expect(numberRange({ min: 3, max: 2, isInteger: false, multiples: [] })).toBeUndefined();
    expect(numberRange({ min: 1, max: 6, isInteger: false, multiples: [7] })).toBeUndefined();
  });
});
