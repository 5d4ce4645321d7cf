/** Characters of a value that a message repeats. A name, a path or a word of a template is far shorter. */
const MAX_EXCERPT_LENGTH = 200;

/**
 * A value as a message may repeat it: whole, or its beginning and `…`. Whoever sent a megabyte knows what it says, and
 * should not get it back twice.
 */
export function excerpt(value: string, maxLength = MAX_EXCERPT_LENGTH): string {
  if (value.length <= maxLength) return value;
  // A pair of surrogates is one character, of which half would be none.
  return `${value.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
