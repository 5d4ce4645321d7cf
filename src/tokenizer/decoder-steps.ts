import { checkParts, type DecoderJson, unsupported } from './parts/supported-parts.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * The steps of a decoder like SentencePiece's, in the one order in which each may be applied to a token by itself:
 * texts are replaced in a token, tokens that stand for bytes become bytes, all are put together, and the text's
 * beginning is stripped.
 */
const ORDER = ['Replace', 'ByteFallback', 'Fuse', 'Strip'];
const BYTE_TOKENS = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);

/**
 * The decoder's steps in their order, with nested sequences flattened.
 * @throws GptEdgeError `unsupported_model` if there are none, or they are neither byte-level nor like SentencePiece's
 */
export function decoderSteps(tokenizer: TokenizerJson): readonly DecoderJson[] {
  const steps = checkParts(tokenizer).decoders;
  const types = steps.map(({ type }) => type);
  if (steps.length === 0) throw unsupported("the decoder is absent, and only ByteLevel and those like SentencePiece's are supported");
  if (types.includes('ByteLevel')) {
    if (types.some((type) => type !== 'ByteLevel' && type !== 'Fuse'))
      throw unsupported(`decoder ${types.join(', ')}: ByteLevel is not alone`);
    return steps;
  }
  const places = types.map((type) => ORDER.indexOf(type));
  const isInOrder = places.every((place, index) => index === 0 || place > places[index - 1] || (place === 0 && places[index - 1] === 0));
  const strips = types.includes('Strip') && !types.includes('Fuse');
  if (!isInOrder || strips) throw unsupported(`decoder ${types.join(', ')}: only this order is supported: ${ORDER.join(', ')}`);
  refuseReplacedBytes(steps);
  return steps;
}

function refuseReplacedBytes(steps: readonly DecoderJson[]): void {
  if (!steps.some(({ type }) => type === 'ByteFallback')) return;
  for (const step of steps)
    if (step.type === 'Replace' && BYTE_TOKENS.some((token) => token.includes(step.pattern.String)))
      throw unsupported(`decoder Replace: ${JSON.stringify(step.pattern.String)} is a part of tokens that stand for bytes`);
}
