/** What an answer may be, token by token. */
export interface TokenConstraint {
  /** The state before the answer's first token. */
  start(): ConstraintState;
}

/** What may follow the tokens of an answer so far. States do not change, so a token can be tried and taken back. */
export interface ConstraintState {
  /** Whether the answer is complete, and nothing may follow it. */
  readonly isComplete: boolean;
  /** Whether the vocabulary has no token with which the answer could go on: it lacks bytes that the answer needs. */
  readonly isStuck: boolean;
  /** A bit for each token that may come next, in 32-bit words. EOS is among them where the answer may end. */
  allowed(): Uint32Array;
  /** The token that must come next; undefined if several may. It is the only allowed one, so nothing need be computed for it. */
  readonly onlyToken: number | undefined;
  /** @param id one of the allowed tokens */
  after(id: number): ConstraintState;
}
