import { KEPT_MASK_BYTES } from '../core/memory-plan.ts';
import type { ByteState } from './byte-state.ts';
import type { Reading } from './reading.ts';
import { following, type TextState } from './text-state.ts';
import type { VocabularyTrie } from './vocabulary-trie.ts';

const NO_TOKENS: readonly number[] = [];

/** What tokens do from one state of an automaton on. */
interface StateTokens {
  /** A bit for each token that ends within the automaton's texts. */
  readonly within: Uint32Array;
  /**
   * Where in the trie the automaton may end, and in which state, so that a token goes on with what follows. -1 is the
   * root.
   */
  readonly ends: readonly { readonly node: number; readonly state: ByteState }[];
}

/**
 * Finds the tokens with which a text can go on. What the tokens do within one automaton does not depend on what stands
 * around it, so that is computed once for each state, by one walk through the vocabulary; such states as "within a string"
 * come again and again. Only the tokens that lead out of the automaton (a quote, and a comma after it) are followed anew.
 *
 * Source: the division into tokens that do and do not depend on the context is that of XGrammar (Dong et al., 2024,
 * arXiv:2411.15100).
 */
export class TokenMasks {
  readonly #trie: VocabularyTrie;
  readonly #kept = new Map<ByteState | string, StateTokens>();

  constructor(trie: VocabularyTrie) {
    this.#trie = trie;
  }

  /** @returns a bit for each token that the text may go on with, in 32-bit words; EOS is not among them */
  allowed(text: TextState): Uint32Array {
    const mask = this.#emptyMask();
    for (const reading of text.readings) {
      const { within, ends } = this.#tokensOf(reading.state);
      for (let word = 0; word < mask.length; word++) mask[word] |= within[word];
      for (const { node, state } of ends) for (const next of following({ state, frame: reading.frame })) this.#addBelow(node, next, mask);
    }
    return mask;
  }

  #tokensOf(state: ByteState): StateTokens {
    const key = state.alike ?? state;
    const tokens = this.#kept.get(key) ?? this.#walk(state);
    // A map keeps the order in which its keys came: those that were not used for the longest time go first.
    this.#kept.delete(key);
    this.#kept.set(key, tokens);
    if (this.#kept.size * tokens.within.byteLength > KEPT_MASK_BYTES) this.#kept.delete(this.#kept.keys().next().value!);
    return tokens;
  }

  #walk(state: ByteState): StateTokens {
    const within = this.#emptyMask();
    const ends = state.accepts && !state.isLast ? [{ node: -1, state }] : [];
    this.#visit(-1, state, (node, reached) => {
      this.#add(node, within);
      if (reached.accepts && !reached.isLast) ends.push({ node, state: reached });
    });
    return { within, ends };
  }

  /** Adds the tokens below a node that `reading` goes on with. */
  #addBelow(node: number, reading: Reading, mask: Uint32Array): void {
    if (reading.state.accepts) for (const next of following(reading)) this.#addBelow(node, next, mask);
    this.#visit(node, reading.state, (below, state) => {
      this.#add(below, mask);
      if (state.accepts) for (const next of following({ state, frame: reading.frame })) this.#addBelow(below, next, mask);
    });
  }

  /** Calls `reach` for each node below `from` whose bytes the automaton reads from `state` on. */
  #visit(from: number, state: ByteState, reach: (node: number, state: ByteState) => void): void {
    const { bytes, depths, skip } = this.#trie;
    const base = from < 0 ? 0 : depths[from];
    const end = from < 0 ? bytes.length : skip[from];
    const states = [state];
    for (let node = from + 1; node < end; ) {
      const depth = depths[node] - base;
      const next = states[depth - 1].step(bytes[node]);
      if (next) {
        states[depth] = next;
        reach(node, next);
        node++;
      } else node = skip[node];
    }
  }

  #add(node: number, mask: Uint32Array): void {
    const token = this.#trie.tokens[node];
    if (token === this.#trie.none) return;
    mask[token >> 5] |= 1 << (token & 31);
    for (const equal of this.#trie.equals.get(token) ?? NO_TOKENS) mask[equal >> 5] |= 1 << (equal & 31);
  }

  #emptyMask(): Uint32Array {
    return new Uint32Array(Math.ceil(this.#trie.vocabularySize / 32));
  }
}
