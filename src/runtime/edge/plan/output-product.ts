import type { Step } from './step.ts';

/** The product that gives the logits, if it can be computed for some of the tokens alone. */
export interface OutputProduct {
  /** The steps of the head before it. */
  readonly before: readonly Step[];
  readonly product: Step;
  /** Index of its matrix among the weights. */
  readonly weight: number;
  /** The steps after it, which change each logit by itself. */
  readonly after: readonly Step[];
}

/**
 * Finds the product with the vocabulary.
 * @param logits index of the buffer of the logits
 * @returns undefined if what comes after it is more than what adapters add, so that it may need all logits
 */
export function findOutputProduct(head: readonly Step[], logits: number): OutputProduct | undefined {
  const at = head.findIndex(({ kernel, writes }) => kernel.startsWith('matMul') && writes.includes(logits));
  const after = head.slice(at + 1);
  if (at < 0 || after.some(({ kernel }) => kernel !== 'addLowRank')) return undefined;
  const [weight] = head[at].operands.flatMap((operand) => (typeof operand === 'object' && 'weight' in operand ? [operand.weight] : []));
  return { before: head.slice(0, at), product: head[at], weight, after };
}
