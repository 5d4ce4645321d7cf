/** What blocks can follow: another block, or the beginning of all sequences. */
export interface Branch {
  /** The blocks that follow, by their first token. */
  readonly next: Map<number, KvBlock[]>;
}

/** A block of the KV cache, and what it holds. */
export interface KvBlock extends Branch {
  readonly address: number;
  /** How many sequences hold it. */
  holders: number;
  /** The tokens whose keys and values it holds, from its first position on. */
  readonly tokens: number[];
  /** The sequences that may reuse it: those of this partition, or all if it is null. */
  readonly partition: string | null;
  /** What it follows, once it holds a token. Its keys and values depend on all tokens up to there. */
  after: Branch | undefined;
}

/**
 * Finds the blocks that hold what a sequence begins with. Each block follows the one that holds the tokens before its
 * own, so a path from the root stands for all tokens of its blocks. What an adapter has computed is of no use to others,
 * so each has a root of its own. Tokens themselves are compared, and no hash of
 * them, so no two beginnings can be taken for each other. A search compares each block at most once.
 */
export class PrefixTree {
  readonly root: Branch = { next: new Map() };
  readonly #roots = new Map<string, Branch>();

  /** What sequences with this adapter begin with; without one, those of the base model. */
  rootOf(adapter: string | undefined): Branch {
    if (adapter === undefined) return this.root;
    const root = this.#roots.get(adapter) ?? { next: new Map() };
    this.#roots.set(adapter, root);
    return root;
  }

  /**
   * Of the blocks that follow `branch` and may be reused in a partition, the one that shares most tokens with
   * `tokens`, and how many these are.
   */
  longest(branch: Branch, tokens: readonly number[], partition: string | null): { block: KvBlock; count: number } | undefined {
    let longest: { block: KvBlock; count: number } | undefined;
    for (const block of branch.next.get(tokens[0]) ?? []) {
      if (!isVisible(block, partition)) continue;
      const count = commonTokens(block.tokens, tokens);
      if (longest === undefined || count > longest.count) longest = { block, count };
    }
    return longest;
  }

  /** Another block in the same place that holds the same tokens, and perhaps more. */
  twin(block: KvBlock): KvBlock | undefined {
    const { after, tokens, partition } = block;
    const others = after?.next.get(tokens[0])?.filter((other) => other !== block && isVisible(other, partition));
    return others?.find((other) => commonTokens(other.tokens, tokens) === tokens.length);
  }

  /** Adds a block that holds a token. */
  add(block: KvBlock, after: Branch): void {
    block.after = after;
    const blocks = after.next.get(block.tokens[0]);
    if (blocks) blocks.push(block);
    else after.next.set(block.tokens[0], [block]);
  }

  /** Removes a block, if it is in the tree. What follows it stays with it. */
  remove(block: KvBlock): void {
    const { next } = block.after ?? this.root;
    const others = next.get(block.tokens[0])?.filter((other) => other !== block) ?? [];
    if (others.length > 0) next.set(block.tokens[0], others);
    else next.delete(block.tokens[0]);
    block.after = undefined;
  }
}

const isVisible = (block: KvBlock, partition: string | null) => block.partition === null || block.partition === partition;

function commonTokens(a: readonly number[], b: readonly number[]): number {
  let count = 0;
  while (count < a.length && count < b.length && a[count] === b[count]) count++;
  return count;
}
