import { decoderSteps } from './decoder-steps.ts';
import type { DecoderJson } from './parts/supported-parts.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * Makes the function that maps a token's spelling in the vocabulary to the bytes that the token stands for. Text is put
 * together from bytes, because a token may hold only a part of a character.
 * @throws GptEdgeError `unsupported_model` if the tokenizer's decoder is neither byte-level nor like SentencePiece's
 */
export function tokenBytes(tokenizer: TokenizerJson): (spelling: string) => Uint8Array {
  const steps = decoderSteps(tokenizer);
  return steps.some(({ type }) => type === 'ByteLevel') ? byteLevelBytes() : sentencePieceBytes(steps);
}

/** A spelling with a character outside of the alphabet stands for itself. All 256 of the alphabet are one UTF-16 unit each. */
function byteLevelBytes(): (spelling: string) => Uint8Array {
  const alphabet = byteAlphabet();
  const byUnit = new Int16Array(Math.max(...alphabet.keys()) + 1).fill(-1);
  for (const [unit, byte] of alphabet) byUnit[unit] = byte;
  const utf8 = new TextEncoder();
  return (spelling) => {
    const bytes = new Uint8Array(spelling.length);
    for (let at = 0; at < spelling.length; at++) {
      const byte = byUnit[spelling.charCodeAt(at)] ?? -1;
      if (byte < 0) return utf8.encode(spelling);
      bytes[at] = byte;
    }
    return bytes;
  };
}

/**
 * SentencePiece spells a token as text with a mark in place of each space, or a byte as `<0x0A>`. The decoder's Strip
 * step concerns the text as a whole, and is left to TextStart.
 */
function sentencePieceBytes(steps: readonly DecoderJson[]): (spelling: string) => Uint8Array {
  const utf8 = new TextEncoder();
  const hasBytes = steps.some(({ type }) => type === 'ByteFallback');
  return (spelling) => {
    const [, byte] = (hasBytes && /^<0x([0-9A-Fa-f]{2})>$/.exec(spelling)) || [];
    if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
    const text = steps.reduce(
      (part, step) => (step.type === 'Replace' ? part.replaceAll(step.pattern.String, () => step.content) : part),
      spelling,
    );
    return utf8.encode(text);
  };
}

/**
 * GPT-2's byte alphabet (`bytes_to_unicode` in OpenAI's gpt-2/src/encoder.py), which writes each of the 256 bytes as
 * one printable character, so that a byte-level vocabulary can be JSON. Printable Latin-1 characters stand for
 * themselves; the other 68 bytes are moved to U+0100 and up.
 * @returns a map from the character's code point to its byte
 */
export function byteAlphabet(): ReadonlyMap<number, number> {
  const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  const bytes = new Map<number, number>();
  let moved = 0x100;
  for (let byte = 0; byte < 256; byte++) bytes.set(isPrintable(byte) ? byte : moved++, byte);
  return bytes;
}
