import { GptEdgeError } from '../core/errors.ts';

/** Where in a request's schema something stands, such as `properties.name.pattern`. */
export type SchemaPath = readonly (string | number)[];

/** The error for a part of a schema that cannot be enforced. `param` is filled in where the request is read. */
export const unenforceable = (path: SchemaPath, reason: string): GptEdgeError =>
  new GptEdgeError('invalid_value', `The schema cannot be enforced at ${path.length ? path.join('.') : 'its root'}: ${reason}.`);

/** The error for an expression whose automaton would be too large. */
export const tooLarge = (reason: string): GptEdgeError => new GptEdgeError('invalid_value', `An expression is too large: ${reason}.`);
