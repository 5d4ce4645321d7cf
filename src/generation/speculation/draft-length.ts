/** The most tokens that are drafted at once. */
const MAX_DRAFT = 8;
/** The share of drafted tokens that a text is taken to accept before anything is known of it. */
const FIRST_RATE = 0.6;
/** How much one token changes that share. */
const CHANGE = 0.12;
/** Drafts that are passed over before one is tried again: the first time, and the most. */
const FIRST_REST = 16;
const LONGEST_REST = 512;

/**
 * Decides how many tokens to draft for one text, by how many of those before were right. A drafted token costs its row
 * in the batch, right or wrong; one that is right saves a step.
 */
export class DraftLength {
  #rate = FIRST_RATE;
  #rest = FIRST_REST;
  #toPassOver = FIRST_REST;

  /**
   * How many tokens are worth drafting: the last of them is as likely to be right as to pay for itself.
   * @param cost what a drafted token costs, as a part of what a right one saves: above 0, below 1
   */
  length(cost: number): number {
    if (this.#rate > cost) return Math.min(MAX_DRAFT, Math.floor(Math.log(cost) / Math.log(Math.min(this.#rate, 0.999))));
    // Texts change, so a single token is tried now and then: ever more seldom, as long as it is wrong.
    if (this.#toPassOver-- > 0) return 0;
    this.#rest = Math.min(LONGEST_REST, this.#rest * 2);
    this.#toPassOver = this.#rest;
    return 1;
  }

  /** Takes note of a draft of `drafted` tokens, of which the first `accepted` were right. */
  record(drafted: number, accepted: number): void {
    for (let index = 0; index < accepted; index++) this.#rate += CHANGE * (1 - this.#rate);
    if (accepted < drafted) this.#rate -= CHANGE * 2 * this.#rate;
    else this.#rest = FIRST_REST;
  }
}
