import type { Logits } from '../../core/logits.ts';

/** A prompt, and places behind it whose logits are wanted. */
export interface Asked {
  /** Token ids, at least one. */
  readonly prompt: readonly number[];
  readonly places: readonly Place[];
}

/** What follows a prompt, and who reads the logits after it. */
export interface Place {
  /** Token ids; may be none. */
  readonly path: readonly number[];
  read(logits: Logits): void;
}

/** Tokens that follow those of the node above, up to where prompts begin to differ. */
export interface PromptNode {
  /** How many tokens come before. */
  readonly start: number;
  readonly tokens: readonly number[];
  /** Who reads the logits after which token, by its index in the whole text. */
  readonly readers: ReadonlyMap<number, readonly Place[]>;
  readonly children: readonly PromptNode[];
}

/**
 * The prompts as trees in which each common beginning stands once (radix trees). There is one for each first token.
 * Takes time in proportion to the tokens of all prompts and paths.
 */
export function promptTrees(asked: readonly Asked[]): PromptNode[] {
  return [...ways(asked, 0)].map(([token, group]) => grow(token, group, 0));
}

/** A node that begins with `token`, and what is below it. */
function grow(token: number, asked: readonly Asked[], start: number): PromptNode {
  const tokens = [token];
  const readers = new Map<number, readonly Place[]>();
  for (let group = asked; ; ) {
    const length = start + tokens.length;
    const ending = group.flatMap(({ prompt, places }) => places.filter(({ path }) => prompt.length + path.length === length));
    if (ending.length > 0) readers.set(length - 1, ending);
    const next = ways(group, length);
    if (next.size !== 1) return { start, tokens, readers, children: [...next].map(([first, below]) => grow(first, below, length)) };
    const [[only, rest]] = next;
    tokens.push(only);
    group = rest;
  }
}

/** What comes at an index, by the token that stands there. */
function ways(asked: readonly Asked[], index: number): Map<number, Asked[]> {
  const found = new Map<number, Asked[]>();
  const add = (token: number, one: Asked) => {
    const group = found.get(token);
    if (group) group.push(one);
    else found.set(token, [one]);
  };
  for (const one of asked) {
    const { prompt, places } = one;
    if (index < prompt.length) add(prompt[index], one);
    else {
      const longer = places.filter(({ path }) => path.length > index - prompt.length);
      for (const [token, group] of Map.groupBy(longer, ({ path }) => path[index - prompt.length])) add(token, { prompt, places: group });
    }
  }
  return found;
}
