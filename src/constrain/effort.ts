import { MAX_EFFORT } from './limits.ts';
import { tooLarge } from './unenforceable.ts';

/** Counts what it takes to build the automata of one request, so that many small ones add up. */
export class Effort {
  #left = MAX_EFFORT;

  /** @throws GptEdgeError `invalid_value` once all is spent */
  spend(states: number): void {
    this.#left -= states;
    if (this.#left < 0) throw tooLarge('it takes too long to build its automata');
  }
}
