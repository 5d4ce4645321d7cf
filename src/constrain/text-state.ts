import { MAX_READINGS } from './limits.ts';
import type { Part, Reading } from './reading.ts';

/** All the ways to read a text so far. States do not change: reading on makes a new one. */
export class TextState {
  readonly readings: readonly Reading[];

  private constructor(readings: readonly Reading[]) {
    this.readings = readings;
  }

  /** The state of the empty text. */
  static of(part: Part): TextState {
    return new TextState(part.enter(null));
  }

  /** Whether the whole text is such a part. */
  static accepts(part: Part, text: string): boolean {
    return TextState.of(part).advance(new TextEncoder().encode(text))?.isWhole ?? false;
  }

  /** Whether the text so far is whole. */
  get isWhole(): boolean {
    return this.readings.some(endsText);
  }

  /** Whether some byte may follow. */
  get canGoOn(): boolean {
    return this.readings.some(mayGoOn);
  }

  /**
   * Reads more bytes.
   * @returns undefined if no text goes on with them
   */
  advance(bytes: Iterable<number>): TextState | undefined {
    let readings = this.readings;
    for (const byte of bytes) {
      const next = new Set<Reading>();
      for (const reading of readings) step(reading, byte, next);
      if (next.size === 0) return undefined;
      readings = distinct(next);
    }
    return new TextState(readings);
  }
}

/** The readings of a text whose part ended: what follows, and all that follows what may be empty. */
export function following(reading: Reading): readonly Reading[] {
  return reading.frame && !reading.state.isLast ? reading.frame.after(reading.state) : [];
}

function endsText({ state, frame }: Reading): boolean {
  if (!state.accepts) return false;
  return frame === null || state.isLast || frame.after(state).some(endsText);
}

function mayGoOn(reading: Reading): boolean {
  for (let byte = 0; byte < 256; byte++) if (reading.state.step(byte)) return true;
  return reading.state.accepts && following(reading).some(mayGoOn);
}

function step(reading: Reading, byte: number, into: Set<Reading>): void {
  const state = reading.state.step(byte);
  if (state) into.add({ state, frame: reading.frame });
  if (reading.state.accepts) for (const next of following(reading)) step(next, byte, into);
}

/** Leaves out readings that are equal. */
function distinct(readings: ReadonlySet<Reading>): Reading[] {
  const kept: Reading[] = [];
  for (const reading of readings)
    if (!kept.some(({ state, frame }) => state === reading.state && frame === reading.frame)) kept.push(reading);
  // Each reading can be completed by itself, so an answer stays valid without the others.
  return kept.slice(0, MAX_READINGS);
}
