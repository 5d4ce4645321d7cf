import { byteAlphabet } from '../token-bytes.ts';

const utf8 = new TextEncoder();
/** [256] The UTF-16 unit that stands for each byte. */
let units: Uint16Array | undefined;

/** The bytes of a text in GPT-2's byte alphabet. The text must not be long: it becomes the arguments of one call. */
export function spellBytes(text: string): string {
  units ??= Uint16Array.from([...byteAlphabet()].sort(([, a], [, b]) => a - b).map(([code]) => code));
  const bytes = utf8.encode(text);
  const spelled = new Uint16Array(bytes.length);
  for (let at = 0; at < bytes.length; at++) spelled[at] = units[bytes[at]];
  return String.fromCharCode(...spelled);
}
