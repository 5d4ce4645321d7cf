/** What a prompt has in common with another one of the same request. */
export interface SharedBeginning {
  /** The place of the other prompt in the list. */
  readonly index: number;
  /** How many tokens both begin with. */
  readonly tokens: number;
}

/** Fewer tokens are computed sooner than another prompt is waited for. */
const LEAST_TOKENS = 16;

/**
 * Finds, for each prompt, another one whose computation gives it the longest beginning, so that a beginning that many
 * prompts share is computed once. No two prompts are each other's; the first to be computed has none.
 *
 * Sorted prompts are the leaves of their prefix tree from left to right: what a prompt shares with any before it, it
 * shares with the one just before it. Of several that share as much, the leftmost is taken, so that nobody waits for
 * more than one.
 */
export function sharedBeginnings(prompts: readonly (readonly number[])[]): (SharedBeginning | undefined)[] {
  const found: (SharedBeginning | undefined)[] = prompts.map(() => undefined);
  const order = prompts.map((_, index) => index).sort((a, b) => compare(prompts[a], prompts[b]));
  for (const [place, index] of order.entries()) {
    if (place === 0) continue;
    let other = order[place - 1];
    // The last token is always computed, since logits are wanted after it.
    const tokens = Math.min(commonLength(prompts[index], prompts[other]), prompts[index].length - 1);
    if (tokens < LEAST_TOKENS) continue;
    for (let next = found[other]; next !== undefined && next.tokens >= tokens; next = found[other]) other = next.index;
    found[index] = { index: other, tokens };
  }
  return found;
}

/** How many tokens two lists begin with in common. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = commonLength(a, b);
  return at < a.length && at < b.length ? a[at] - b[at] : a.length - b.length;
}
