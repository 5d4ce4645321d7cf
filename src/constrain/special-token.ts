/** No text in UTF-8 has this byte. */
export const SPECIAL = 0xff;

/**
 * Bytes that stand for a special token where a vocabulary is searched by bytes. No text has them, so that a special token
 * can only be where a constraint names it.
 */
export const specialTokenBytes = (id: number): Uint8Array => Uint8Array.of(SPECIAL, (id >> 16) & 0xff, (id >> 8) & 0xff, id & 0xff);
