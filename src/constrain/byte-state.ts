/**
 * A state of an automaton that reads bytes. From each state an accepting one can be reached, so a text that has a state
 * can always be completed. Equal states are one object.
 */
export interface ByteState {
  /** Whether the bytes so far are a whole text of the automaton. */
  readonly accepts: boolean;
  /** Whether the whole text may end here, and no part may follow this one. Only states that accept have it. */
  readonly isLast?: boolean;
  /** States with equal names behave alike, although they belong to different automata. */
  readonly alike?: string;
  /** The state after one more byte; undefined if no text goes on with it. */
  step(byte: number): ByteState | undefined;
}
