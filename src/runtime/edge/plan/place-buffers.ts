import type { SplitSteps } from './split-by-rows.ts';
import type { PlannedBuffer } from './step.ts';

export interface PlacedBuffers {
  /** Of each buffer, from the arena's start; -1 for one that no step writes. */
  readonly offsets: readonly number[];
  readonly bytes: number;
}

interface Life {
  readonly buffer: number;
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

const ALIGNMENT = 64;

/**
 * Places buffers in one arena so that two that live at once do not overlap: the largest first, each at the lowest place that is free for
 * all of its life (greedy by size, as TensorFlow Lite's planner does).
 * @param rows of a call of the first steps, and of the head ones
 * @param separate gives body buffer a place of its own, so that all can be read afterwards
 */
export function placeBuffers(
  { body, head }: SplitSteps,
  buffers: readonly PlannedBuffer[],
  rows: { readonly body: number; readonly head: number },
  separate = false,
): PlacedBuffers {
  const offsets = buffers.map(() => -1);
  const placed: (Life & { offset: number })[] = [];
  const lives = livesOf({ body, head }, buffers, rows).sort((a, b) => b.bytes - a.bytes);
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

function livesOf({ body, head }: SplitSteps, buffers: readonly PlannedBuffer[], rows: { body: number; head: number }): Life[] {
  const steps = [...body, ...head];
  const lives = new Map<number, { from: number; to: number }>();
  steps.forEach(({ reads, writes }, time) => {
    for (const buffer of [...reads, ...writes]) {
      const life = lives.get(buffer) ?? { from: time, to: time };
      // The head steps may run several times over, on a few rows each: what the first ones made for them stays.
      life.to = time >= body.length && life.from < body.length ? steps.length : time;
      lives.set(buffer, life);
    }
  });
  // The logits are read when all is done.
  for (const buffer of steps.at(-1)?.writes ?? []) lives.get(buffer)!.to = steps.length;
  return Array.from(lives, ([buffer, { from, to }]) => {
    const bytes = buffers[buffer].bytes(from < body.length ? rows.body : rows.head);
    return { buffer, from, to, bytes: Math.ceil(bytes / ALIGNMENT) * ALIGNMENT };
  });
}
