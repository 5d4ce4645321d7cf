import { GptEdgeError } from '../../../../core/errors.ts';
import { showText } from '../../../../core/invalid-file.ts';
import { tokenizerJson } from '../../../tokenizers/tokenizer-parts.ts';
import { addedTokens } from '../../../tokenizers/vocabulary.ts';
import { type PreTokenizer, preTokenizers } from './pre-tokenizers.ts';
import { affixTokens, type GgufTokenizerContext } from './tokenizer-context.ts';

/**
 * Builds tokenizer.json for `tokenizer.ggml.model` gpt2: byte-level BPE with merges.
 * @throws GptEdgeError `invalid_file` for a merge of something that is not a token, `unsupported_model` for an unknown
 *   pre-tokenizer
 */
export function byteLevelTokenizer(context: GgufTokenizerContext): Uint8Array {
  const { normalizer = null, pre_tokenizer, ignoreMerges, addBos = false } = findPreTokenizer(context);
  const { tokens } = context.vocabulary;
  return tokenizerJson({
    added_tokens: addedTokens(context.vocabulary),
    normalizer,
    pre_tokenizer,
    post_processor: affixTokens(context, addBos),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { tokens, merges: readMerges(context), ignore_merges: ignoreMerges },
  });
}

/** Files from before the field existed lack it. For the architecture gpt2 itself, GPT-2's own is then taken. */
function findPreTokenizer({ file, metadata, architecture }: GgufTokenizerContext): PreTokenizer {
  const name = metadata.optionalText('tokenizer.ggml.pre') ?? (architecture === 'gpt2' ? 'gpt-2' : undefined);
  if (name !== undefined && Object.hasOwn(preTokenizers, name)) return preTokenizers[name];
  const found = name === undefined ? 'is missing, which' : `${showText(name)}`;
  const message = `${file}: tokenizer.ggml.pre ${found} is not supported; supported: ${Object.keys(preTokenizers).join(', ')}`;
  throw new GptEdgeError('unsupported_model', message, { param: file });
}

/** Reads merges: two tokens with a space between them. The byte alphabet itself has no space. */
function readMerges({ metadata, vocabulary }: GgufTokenizerContext): [string, string][] {
  const key = 'tokenizer.ggml.merges';
  const known = new Set(vocabulary.tokens);
  return metadata.texts(key).map((merge, index) => {
    const [left, right, ...rest] = merge.split(' ');
    const unknown = [left, right, left + right].find((part) => !known.has(part));
    if (right === undefined || rest.length > 0) throw metadata.invalid(key, `merge ${index} ${showText(merge)} is not two tokens`);
    if (unknown !== undefined) throw metadata.invalid(key, `merge ${index} ${showText(merge)}: ${showText(unknown)} is not a token`);
    return [left, right];
  });
}
