import { findScoreFault, mergesFromScores } from '../../../tokenizers/merges-from-scores.ts';
import { tokenizerJson } from '../../../tokenizers/tokenizer-parts.ts';
import { addedTokens, isSpecial, TokenType } from '../../../tokenizers/vocabulary.ts';
import { affixTokens, type GgufTokenizerContext } from './tokenizer-context.ts';

/** The character that SentencePiece writes for a space. */
const SPACE = '\u2581';

/**
 * Builds tokenizer.json for `tokenizer.ggml.model` llama: SentencePiece's BPE with scores, and byte tokens for
 * characters without a token.
 * @throws GptEdgeError `invalid_file` for invalid scores
 */
export function sentencePieceTokenizer(context: GgufTokenizerContext): Uint8Array {
  const { metadata, vocabulary, special } = context;
  const { tokens, types } = vocabulary;
  const isMergeable = (id: number) => !isSpecial(vocabulary, id) && types[id] !== TokenType.BYTE;
  const scored = { tokens, scores: metadata.numbers('tokenizer.ggml.scores', tokens.length), isMergeable };
  const fault = findScoreFault(scored);
  if (fault) throw metadata.invalid('tokenizer.ggml.tokens', fault);
  const addSpace = metadata.flag('tokenizer.ggml.add_space_prefix', true);
  const replace = { type: 'Replace', pattern: { String: ' ' }, content: SPACE };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return tokenizerJson({
    added_tokens: addedTokens(vocabulary),
    normalizer: { type: 'Sequence', normalizers: [...(addSpace ? [{ type: 'Prepend', prepend: SPACE }] : []), replace] },
    pre_tokenizer: null,
    post_processor: affixTokens(context, true),
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: SPACE }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(addSpace ? [strip] : []),
      ],
    },
    model: { tokens, merges: mergesFromScores(scored), unk_token: special.unknown?.content, byte_fallback: true },
  });
}
