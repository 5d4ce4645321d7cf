import { bytes, lazily, SPACE } from './json-text.ts';
import { sequence } from './regular/expression.ts';

// JSON's signs, with the white space that may stand beside them.

export const OPEN_OBJECT = lazily(() => sequence(bytes('{'), SPACE));
export const CLOSE_OBJECT = lazily(() => sequence(SPACE, bytes('}')));
/** The end of an object or array in which nothing stands: the white space was read with its beginning. */
export const CLOSE_EMPTY_OBJECT = lazily(() => bytes('}'));
export const COMMA = lazily(() => sequence(SPACE, bytes(','), SPACE));
export const COLON = lazily(() => sequence(SPACE, bytes(':'), SPACE));
export const OPEN_ARRAY = lazily(() => sequence(bytes('['), SPACE));
export const CLOSE_ARRAY = lazily(() => sequence(SPACE, bytes(']')));
export const CLOSE_EMPTY_ARRAY = lazily(() => bytes(']'));
