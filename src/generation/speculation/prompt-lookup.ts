/** How many of the last tokens are looked for, at most and at least. A longer match is more often right. */
const LONGEST_MATCH = 3;
const SHORTEST_MATCH = 2;

/**
 * Drafts the tokens that may come next: those that followed the last few tokens where these occurred before (prompt
 * lookup decoding, Saxena 2023). Texts that copy from their prompt, as summaries, edits and JSON do, are often drafted
 * right. Each token is indexed once, so all drafts of a text together take linear time.
 */
export class PromptLookup {
  readonly #tokens: number[] = [];
  readonly #prediction: readonly number[];
  /** How many tokens the completion has; -1 once it differs from the prediction. */
  #predicted = 0;
  /** For each length of a match: where the token stands that followed the last occurrence, by the hash of the match. */
  readonly #followers = Array.from({ length: LONGEST_MATCH - SHORTEST_MATCH + 1 }, () => new Map<number, number>());

  /**
   * @param prompt the tokens before the completion
   * @param prediction what the completion is expected to be like; it is looked up too
   */
  constructor(prompt: readonly number[], prediction: readonly number[] = []) {
    this.#prediction = prediction;
    for (const token of prediction) this.#index(token);
    for (const token of prompt) this.#index(token);
  }

  /** Takes the completion's next token. */
  push(token: number): void {
    this.#predicted = this.#prediction[this.#predicted] === token ? this.#predicted + 1 : -1;
    this.#index(token);
  }

  /** The next tokens as they may be: at most so many, and none if nothing is known. */
  draft(most: number): number[] {
    if (this.#predicted !== -1 && this.#predicted < this.#prediction.length)
      return this.#prediction.slice(this.#predicted, this.#predicted + most);
    const end = this.#tokens.length;
    for (let length = LONGEST_MATCH; length >= SHORTEST_MATCH; length--) {
      const follower = this.#followers[length - SHORTEST_MATCH].get(this.#hash(end, length));
      if (follower !== undefined && this.#isSame(follower, end, length)) return this.#from(follower, most);
    }
    return [];
  }

  /** The tokens from a place on. A text that ends there is taken to repeat itself. */
  #from(start: number, most: number): number[] {
    const period = this.#tokens.length - start;
    return Array.from({ length: most }, (_, index) => this.#tokens[start + (index % period)]);
  }

  #index(token: number): void {
    const place = this.#tokens.length;
    this.#tokens.push(token);
    for (let length = SHORTEST_MATCH; length <= Math.min(LONGEST_MATCH, place); length++)
      this.#followers[length - SHORTEST_MATCH].set(this.#hash(place, length), place);
  }

  /** A hash of the `length` tokens before `end`. Different tokens may share one. */
  #hash(end: number, length: number): number {
    let hash = 0;
    for (let place = end - length; place < end; place++) hash = Math.imul(hash ^ this.#tokens[place], 0x9e3779b1) ^ (hash >>> 15);
    return hash;
  }

  #isSame(endA: number, endB: number, length: number): boolean {
    for (let back = 1; back <= length; back++) if (this.#tokens[endA - back] !== this.#tokens[endB - back]) return false;
    return true;
  }
}
