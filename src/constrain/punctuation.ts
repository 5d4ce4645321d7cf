import { bytes, lazily, SPACE } from './json-text.ts';
import { optional, sequence } from './regular/expression.ts';

// JSON's signs, with the white space that may stand beside them: as programs write it, so none before a colon or comma.

export const OPEN_OBJECT = lazily(() => sequence(bytes('{'), SPACE));
export const CLOSE_OBJECT = lazily(() => sequence(SPACE, bytes('}')));
/** The end of an object or array in which nothing stands: the white space was read with its beginning. */
export const CLOSE_EMPTY_OBJECT = lazily(() => bytes('}'));
export const COMMA = lazily(() => sequence(bytes(','), SPACE));
export const COLON = lazily(() => sequence(bytes(':'), optional(bytes(' '))));
export const OPEN_ARRAY = lazily(() => sequence(bytes('['), SPACE));
export const CLOSE_ARRAY = lazily(() => sequence(SPACE, bytes(']')));
export const CLOSE_EMPTY_ARRAY = lazily(() => bytes(']'));
