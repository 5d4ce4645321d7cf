const PART_OF_CHARACTER = /^bytes:((?:\\x[0-9a-f]{2})+)$/;

function labelBytes(label: string): Uint8Array<ArrayBuffer> {
  const [, escaped] = PART_OF_CHARACTER.exec(label) ?? [];
  if (escaped === undefined) return new TextEncoder().encode(label);
  return Uint8Array.from(escaped.slice(2).split('\\x'), (byte) => Number.parseInt(byte, 16));
}

/** The text that each token completes, from the labels of a text's tokens: empty inside of a character, which the last of its tokens has. */
export function tokenTexts(labels: readonly string[]): string[] {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  return labels.map((label) => utf8.decode(labelBytes(label), { stream: true }));
}
