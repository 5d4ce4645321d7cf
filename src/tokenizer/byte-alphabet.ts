/**
 * GPT-2's byte alphabet: each of the 256 bytes as one printable character, so that a byte-level vocabulary can be JSON.
 * Printable Latin-1 stands for itself, the other 68 bytes are moved to U+0100 and up (`bytes_to_unicode` in OpenAI's
 * gpt-2/src/encoder.py). Maps the character's code point to its byte.
 */
export function byteAlphabet(): ReadonlyMap<number, number> {
  const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const bytes = new Map<number, number>();
  let moved = 0x100;
  for (let byte = 0; byte < 256; byte++) bytes.set(isPrintable(byte) ? byte : moved++, byte);
  return bytes;
}
