import type { SplitSteps } from './split-body-and-head.ts';
import type { PlannedBuffer } from './step.ts';

/** Bytes of a cache line. Everything in the engine's memory starts at a multiple of it. */
export const CACHE_LINE_BYTES = 64;

/** Rounds bytes up to whole cache lines. */
export function toCacheLines(bytes: number): number {
  return Math.ceil(bytes / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
}

export interface PlacedBuffers {
  /** Bytes from the arena's start to each buffer; -1 for a buffer that no step writes. */
  readonly offsets: readonly number[];
  /** Bytes of the arena. */
  readonly bytes: number;
}

/** A buffer and the steps between which it holds something, both included. */
interface Life {
  readonly buffer: number;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

interface Rows {
  readonly body: number;
  readonly head: number;
}

/**
 * Places buffers in one arena so that buffers that are alive at the same time do not overlap. The largest is placed
 * first, and each goes to the lowest place that is free for all of its life (greedy by size, as TensorFlow Lite's
 * planner does).
 * @param rows the most rows that one call of the body, and one of the head, computes
 * @param separate gives every buffer a place of its own, so that all can be read after a call
 */
export function placeBuffers(steps: SplitSteps, buffers: readonly PlannedBuffer[], rows: Rows, separate = false): PlacedBuffers {
  const offsets = buffers.map(() => -1);
  const placed: (Life & { offset: number })[] = [];
  const lives = livesOf(steps, buffers, rows).sort((a, b) => b.bytes - a.bytes);
  for (const life of lives) {
    const inTheWay = placed
      .filter((other) => separate || (other.from <= life.to && life.from <= other.to))
      .sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const other of inTheWay) {
      if (offset + life.bytes <= other.offset) break;
      offset = Math.max(offset, other.offset + other.bytes);
    }
    placed.push({ ...life, offset });
    offsets[life.buffer] = offset;
  }
  return { offsets, bytes: Math.max(0, ...placed.map(({ offset, bytes }) => offset + bytes)) };
}

function livesOf({ body, head }: SplitSteps, buffers: readonly PlannedBuffer[], rows: Rows): Life[] {
  const steps = [...body, ...head];
  const lives = new Map<number, { from: number; to: number }>();
  steps.forEach(({ reads, writes }, time) => {
    for (const buffer of [...reads, ...writes]) {
      const life = lives.get(buffer) ?? { from: time, to: time };
      // The head may run several times, for a few rows each: what the body made for it has to last until the end.
      life.to = time >= body.length && life.from < body.length ? steps.length : time;
      lives.set(buffer, life);
    }
  });
  // The logits are read after the last step.
  for (const buffer of steps.at(-1)?.writes ?? []) lives.get(buffer)!.to = steps.length;
  return Array.from(lives, ([buffer, { from, to }]) => {
    const bytes = buffers[buffer].bytes(from < body.length ? rows.body : rows.head);
    return { buffer, from, to, bytes: toCacheLines(bytes) };
  });
}
