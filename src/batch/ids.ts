/** Milliseconds since the epoch that have as many hexadecimal digits as the times of ids. */
const LAST_TIME = 2 ** 48 - 1;
const TIME_DIGITS = 12;

/** What an id is of. */
export type IdPrefix = 'file-' | 'batch_';

/**
 * A new id. It begins with the time until the end of time, so that newer ids come first where names are sorted, as a
 * bucket's are; 122 random bits follow, which nobody guesses.
 */
export function newId(prefix: IdPrefix, now = Date.now()): string {
  const time = (LAST_TIME - now).toString(16).padStart(TIME_DIGITS, '0');
  return `${prefix}${time}${crypto.randomUUID().replaceAll('-', '')}`;
}

/** Whether a text has the form of an id. It may then be a part of a bucket's key. */
export const isId = (prefix: IdPrefix, text: string): boolean =>
  text.startsWith(prefix) && /^[0-9a-f]{44}$/.test(text.slice(prefix.length));
