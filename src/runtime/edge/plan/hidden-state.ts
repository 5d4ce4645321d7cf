import type { PlanBuilder } from './plan-builder.ts';
import type { SplitSteps } from './split-body-and-head.ts';
import type { Step } from './step.ts';
import { widthOf } from './value.ts';

/** Where a plan has the hidden state: what the output head is multiplied by to give the logits. */
export interface HiddenState {
  /** Index of the buffer that holds it. */
  readonly buffer: number;
  /** Bytes from the start of each row. */
  readonly offset: number;
  /** Floats of a row. */
  readonly width: number;
  /** The steps of the head that make it: all but the product with the vocabulary. */
  readonly steps: readonly Step[];
}

/**
 * Finds the hidden state of the last layer, after its norm: the rows that the last product with a matrix of so many
 * outputs takes.
 * @returns undefined if no such product gives the logits
 */
export function findHiddenState({ products, options }: PlanBuilder, { head }: SplitSteps): HiddenState | undefined {
  const found = products.findLast(({ outputs }) => outputs === options.vocabularySize);
  if (found === undefined) return undefined;
  const { buffer, offset } = found.of;
  const last = head.findLastIndex(({ writes }) => writes.includes(buffer));
  return { buffer, offset, width: widthOf(found.of), steps: head.slice(0, last + 1) };
}
