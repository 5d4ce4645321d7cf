import type { ByteState } from './byte-state.ts';
import type { Reading } from './reading.ts';
import { SPECIAL } from './special-token.ts';
import { following, type TextState } from './text-state.ts';

/** The longest text that is looked for: more than a token has, so that its tokens are those of a longer text as well. */
const MAX_LENGTH = 64;

/** The bytes that a text must go on with, whatever comes after them: none if there is a choice, or if it may end. */
export function certainBytes(text: TextState): Uint8Array {
  const bytes: number[] = [];
  let state: TextState | undefined = text;
  while (state && bytes.length < MAX_LENGTH) {
    const next: number | undefined = state.isWhole ? undefined : onlyByte(state.readings);
    // A special token is a token of its own.
    if (next === undefined || next === SPECIAL) break;
    bytes.push(next);
    state = state.advance([next]);
  }
  return Uint8Array.from(bytes);
}

/** The only byte with which one of the readings goes on; undefined if there are several, or none. */
function onlyByte(readings: readonly Reading[]): number | undefined {
  const found = new Set<number>();
  for (const reading of readings) addBytes(reading, found);
  const [only] = found;
  return found.size === 1 ? only : undefined;
}

/** Adds bytes with which a reading goes on: all, or two if there are more. */
function addBytes(reading: Reading, into: Set<number>): void {
  for (const byte of firstBytes(reading.state)) into.add(byte);
  if (reading.state.accepts) for (const next of following(reading)) addBytes(next, into);
}

/** For each state: none, one or two of the bytes with which it goes on. More need not be known. */
const FIRST_BYTES = new WeakMap<ByteState, readonly number[]>();

function firstBytes(state: ByteState): readonly number[] {
  let bytes = FIRST_BYTES.get(state);
  if (!bytes) {
    bytes = findFirstBytes(state);
    FIRST_BYTES.set(state, bytes);
  }
  return bytes;
}

function findFirstBytes(state: ByteState): number[] {
  const bytes: number[] = [];
  for (let byte = 0; byte < 256 && bytes.length < 2; byte++) if (state.step(byte)) bytes.push(byte);
  return bytes;
}
