/** Takes a tensor's bytes in order, in pieces of any length. */
export interface Sink {
  write(piece: Uint8Array): void;
}

/** Hands on whole units alone: `count` of them from the one of number `first` on. Of a unit that a piece cuts, the start waits for the rest. */
export function unitSink(unit: number, consume: (units: Uint8Array, first: number, count: number) => void): Sink {
  const cut = new Uint8Array(unit);
  let waiting = 0;
  let first = 0;
  return {
    write(piece) {
      let at = 0;
      if (waiting > 0) {
        at = Math.min(unit - waiting, piece.length);
        cut.set(piece.subarray(0, at), waiting);
        waiting += at;
        if (waiting < unit) return;
        consume(cut, first++, 1);
        waiting = 0;
      }
      const count = Math.floor((piece.length - at) / unit);
      if (count > 0) consume(piece.subarray(at, at + count * unit), first, count);
      first += count;
      waiting = piece.length - at - count * unit;
      cut.set(piece.subarray(piece.length - waiting));
    },
  };
}

/** Collects all of a tensor, a small one, before it is made use of. */
export function wholeSink(bytes: number, consume: (whole: Uint8Array) => void): Sink {
  const whole = new Uint8Array(bytes);
  let filled = 0;
  return {
    write(piece) {
      whole.set(piece, filled);
      filled += piece.length;
      if (filled === bytes) consume(whole);
    },
  };
}
