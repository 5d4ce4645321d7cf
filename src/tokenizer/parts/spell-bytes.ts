import { byteAlphabet } from '../token-bytes.ts';

const utf8 = new TextEncoder();
/** [256] The UTF-16 unit that stands for each byte. */
let units: Uint16Array | undefined;

/** The bytes of a text in GPT-2's byte alphabet. The text must not be long: it becomes the arguments of one call. */
export function spellBytes(text: string): string {
  units ??= Uint16Array.from([...byteAlphabet()].sort(([, a], [, b]) => a - b).map(([code]) => code));
  const table = units;
  return String.fromCharCode(...Uint16Array.from(utf8.encode(text), (byte) => table[byte]));
}
