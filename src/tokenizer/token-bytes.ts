import { GptEdgeError } from '../model/errors.ts';
import { byteAlphabet } from './byte-alphabet.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

type Component = { type: string; decoders?: Component[] };

const includesType = (component: Component | null | undefined, type: string): boolean =>
  component?.type === type || (component?.decoders?.some((inner) => includesType(inner, type)) ?? false);

/**
 * The function from a vocabulary entry to the bytes it stands for. Text has to be put together from bytes, because a
 * token may hold only a part of a character.
 * @throws GptEdgeError `unsupported_model` where the tokenizer's decoder is not byte-level
 */
export function tokenBytes(tokenizer: TokenizerJson): (entry: string) => Uint8Array {
  if (!includesType(tokenizer.decoder as Component | null | undefined, 'ByteLevel'))
    throw new GptEdgeError(
      'unsupported_model',
      `tokenizer.json: the decoder is ${tokenizer.decoder?.type ?? 'absent'}, and only ByteLevel is supported`,
      {
        param: 'tokenizer.json',
      },
    );
  const alphabet = byteAlphabet();
  const utf8 = new TextEncoder();
  return (entry) => {
    const bytes = Array.from(entry, (character) => alphabet.get(character.codePointAt(0)!));
    return bytes.includes(undefined) ? utf8.encode(entry) : Uint8Array.from(bytes as number[]);
  };
}
