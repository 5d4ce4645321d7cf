import { GptEdgeError } from '../core/errors.ts';
import { byteAlphabet } from './byte-alphabet.ts';
import { type DecoderStep, decoderSteps } from './decoder-steps.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * The function from a vocabulary entry to the bytes it stands for. Text has to be put together from bytes, because a
 * token may hold only a part of a character.
 * @throws GptEdgeError `unsupported_model` where the tokenizer's decoder is neither byte-level nor like SentencePiece's
 */
export function tokenBytes(tokenizer: TokenizerJson): (entry: string) => Uint8Array {
  const steps = decoderSteps(tokenizer);
  if (steps?.some(({ type }) => type === 'ByteLevel')) return byteLevelBytes();
  if (steps) return sentencePieceBytes(steps);
  throw new GptEdgeError(
    'unsupported_model',
    `tokenizer.json: the decoder is ${tokenizer.decoder?.type ?? 'absent'}, and only ByteLevel, Replace, ByteFallback, Fuse and Strip are supported`,
    { param: 'tokenizer.json' },
  );
}

function byteLevelBytes(): (entry: string) => Uint8Array {
  const alphabet = byteAlphabet();
  const utf8 = new TextEncoder();
  return (entry) => {
    const bytes = Array.from(entry, (character) => alphabet.get(character.codePointAt(0)!));
    return bytes.includes(undefined) ? utf8.encode(entry) : Uint8Array.from(bytes as number[]);
  };
}

/** Entries are text with a mark for each space, or `<0x0A>` for a byte. What belongs to the text as a whole is for TextStart. */
function sentencePieceBytes(steps: readonly DecoderStep[]): (entry: string) => Uint8Array {
  const utf8 = new TextEncoder();
  const hasBytes = steps.some(({ type }) => type === 'ByteFallback');
  return (entry) => {
    const [, byte] = (hasBytes && /^<0x([0-9A-Fa-f]{2})>$/.exec(entry)) || [];
    if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
    const text = steps.reduce(
      (part, step) => (step.type === 'Replace' ? part.replaceAll(step.pattern.String, () => step.content) : part),
      entry,
    );
    return utf8.encode(text);
  };
}
