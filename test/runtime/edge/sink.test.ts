import { describe, expect, it } from 'vitest';
import { unitSink, wholeSink } from '../../../src/runtime/edge/weights/sink.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';

describe('unitSink', () => {
  it.each([1, 2, 3, 16, 100])('should pass on all of a tensor in whole units of %i bytes, whatever pieces it comes in', (unit) => {
    const random = new SeededRandom(unit);
    for (let round = 0; round < 50; round++) {
      const bytes = Uint8Array.from({ length: unit * random.integer(12) }, () => random.integer(256));
      const received: number[] = [];
      const sink = unitSink(unit, (units, first, count) => {
        expect([units.length, first * unit]).toEqual([count * unit, received.length]);
        received.push(...units);
      });
      for (let at = 0; at < bytes.length; ) {
        const piece = random.integer(3 * unit + 1);
        sink.write(bytes.subarray(at, at + piece));
        at += piece;
      }
      expect(received).toEqual([...bytes]);
    }
  });
});

describe('wholeSink', () => {
  it('should pass on a tensor once it is complete', () => {
    const received: number[][] = [];
    const sink = wholeSink(5, (whole) => received.push([...whole]));
    sink.write(Uint8Array.of(1, 2));
    expect(received).toEqual([]);
    sink.write(Uint8Array.of(3, 4, 5));
    expect(received).toEqual([[1, 2, 3, 4, 5]]);
  });
});
