/** One token of a text, as the API's answers describe it. */
export interface Token {
  id: number;
  /** The token's text, or `bytes:\xe2\x80` if it holds only a part of a character. */
  label: string;
  /** Natural logarithm of the probability that the model gave the token; null for a text's first token. */
  logprob: number | null;
}

const PART_OF_CHARACTER = /^bytes:((?:\\x[0-9a-f]{2})+)$/;

/**
 * Turns the labels of a text's tokens into the pieces of text that each of them completes. If several tokens share a
 * character, the last of them gets the whole character and the others get an empty string.
 */
export function tokenTexts(labels: readonly string[]): string[] {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return labels.map((label) => utf8.decode(labelBytes(label), { stream: true }));
}

function labelBytes(label: string): Uint8Array<ArrayBuffer> {
  const [, escaped] = PART_OF_CHARACTER.exec(label) ?? [];
  if (escaped === undefined) return new TextEncoder().encode(label);
  return Uint8Array.from(escaped.slice(2).split('\\x'), (byte) => Number.parseInt(byte, 16));
}
