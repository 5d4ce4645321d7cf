/**
 * What a schema or pattern of a request may cost before it is refused. A schema comes from a caller, and small ones can
 * describe automata of any size: `(a|b)*a(a|b){30}` has a thousand million states.
 */
export const MAX_SCHEMA_NODES = 2_000;
/** Objects and arrays within each other in a schema's own text. */
export const MAX_NESTING = 400;
/** Schemas within schemas. */
export const MAX_SCHEMA_DEPTH = 100;
/** Alternatives of one value, after `anyOf` within `allOf` has been multiplied out. */
export const MAX_ALTERNATIVES = 256;
/** States of a nondeterministic automaton, which a repetition count multiplies. */
export const MAX_NFA_STATES = 20_000;
/** States of a deterministic automaton. */
export const MAX_DFA_STATES = 4_000;
/** States of automata that are visited while those of one request are built. It takes some 50 ms. */
export const MAX_EFFORT = 700_000;
/** Ways in which a text so far is read, if the schema is ambiguous. Further ones are given up. */
export const MAX_READINGS = 256;
/** Characters of a pattern. */
export const MAX_PATTERN_LENGTH = 2_000;
/** Groups within groups of a pattern. */
export const MAX_PATTERN_DEPTH = 50;
/** Texts among which an answer is chosen, and values of an `enum`. */
export const MAX_CHOICES = 1_000;
