/**
 * A place in the ranking of tokens (by logit, of equal ones the lower id first): that of a token of this logit and id. What min_p, top_k or
 * top_p keeps are the tokens as far as there, so that of several the one of the least tokens says all.
 */
export interface Cut {
  readonly logit: number;
  readonly id: number;
}

/** Behind all tokens. */
export const NO_CUT: Cut = { logit: Number.NEGATIVE_INFINITY, id: Number.POSITIVE_INFINITY };

/** The one that keeps less. */
export function tighter(a: Cut, b: Cut): Cut {
  return a.logit > b.logit || (a.logit === b.logit && a.id < b.id) ? a : b;
}
