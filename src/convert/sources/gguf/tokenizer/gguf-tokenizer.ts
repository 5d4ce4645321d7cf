import { GptEdgeError } from '../../../../core/errors.ts';
import { showText } from '../../../../core/invalid-file.ts';
import { MAX_TOKENIZER_BYTES } from '../../../../core/limits.ts';
import { jsonBytes } from '../../../files/json-files.ts';
import type { NamedToken } from '../../../tokenizers/tokenizer-parts.ts';
import { findVocabularyFault, type Vocabulary } from '../../../tokenizers/vocabulary.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';
import { byteLevelTokenizer } from './byte-level-tokenizer.ts';
import { chatTemplates } from './chat-templates.ts';
import { sentencePieceTokenizer } from './sentencepiece-tokenizer.ts';
import { tokenTypes } from './token-types.ts';
import type { GgufTokenizerContext, SpecialTokens } from './tokenizer-context.ts';

/**
 * Limit for a token's length. Tokens become parts of patterns and messages. Runs of 128 spaces are the longest in use.
 */
const MAX_TOKEN_CHARACTERS = 1024;

/** The files of a tokenizer, and the ids that config.json and generation_config.json state. */
export interface ConvertedTokenizer {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly tokens: { readonly bos_token_id?: number; readonly eos_token_id?: number | number[]; readonly pad_token_id?: number };
}

type Builder = (context: GgufTokenizerContext) => Uint8Array;

/** What builds tokenizer.json, by `tokenizer.ggml.model`. */
const BUILDERS: Readonly<Record<string, Builder>> = { gpt2: byteLevelTokenizer, llama: sentencePieceTokenizer };

/**
 * Rebuilds tokenizer.json and tokenizer_config.json from a GGUF file's `tokenizer.*` fields.
 * @throws GptEdgeError `invalid_file` for a vocabulary whose size is not the model's, that has a token twice, or merges
 *   something that is not a token; `unsupported_model` for a kind of tokenizer that is not implemented, naming it
 */
export function ggufTokenizer(
  file: string,
  metadata: GgufMetadata,
  model: { readonly vocabularySize: number; readonly architecture: string },
): ConvertedTokenizer {
  const kind = metadata.text('tokenizer.ggml.model');
  if (!Object.hasOwn(BUILDERS, kind)) {
    const message = `${file}: tokenizer.ggml.model ${showText(kind)} is not supported; supported: ${Object.keys(BUILDERS).join(', ')}`;
    throw new GptEdgeError('unsupported_model', message, { param: file });
  }
  const vocabulary = readVocabulary(metadata, model.vocabularySize);
  const special = readSpecialTokens(metadata, vocabulary);
  const tokenizer = BUILDERS[kind]({ file, metadata, architecture: model.architecture, vocabulary, special });
  if (tokenizer.length > MAX_TOKENIZER_BYTES)
    throw metadata.invalid('tokenizer.ggml.tokens', `make ${tokenizer.length} bytes, over the limit of ${MAX_TOKENIZER_BYTES}`);
  const files = new Map([
    ['tokenizer.json', tokenizer],
    ['tokenizer_config.json', jsonBytes(tokenizerConfig(metadata, special))],
  ]);
  return { files, tokens: tokenIds(special) };
}

function readVocabulary(metadata: GgufMetadata, vocabularySize: number): Vocabulary {
  const key = 'tokenizer.ggml.tokens';
  const tokens = metadata.texts(key);
  if (tokens.length !== vocabularySize)
    throw metadata.invalid(key, `has ${tokens.length} tokens, and the embedding ${vocabularySize} rows`);
  const fault = findVocabularyFault(tokens, MAX_TOKEN_CHARACTERS);
  if (fault) throw metadata.invalid(key, `token ${fault.id} ${fault.problem}`);
  return { tokens, types: tokenTypes(metadata, tokens) };
}

function readSpecialTokens(metadata: GgufMetadata, { tokens }: Vocabulary): SpecialTokens {
  const read = (name: string): NamedToken | undefined => {
    const id = metadata.optionalCount(`tokenizer.ggml.${name}_token_id`, tokens.length - 1);
    return id === undefined ? undefined : { id, content: tokens[id] };
  };
  return { bos: read('bos'), eos: read('eos'), eot: read('eot'), eom: read('eom'), unknown: read('unknown'), padding: read('padding') };
}

function tokenIds({ bos, eos, eot, eom, padding }: SpecialTokens): ConvertedTokenizer['tokens'] {
  const ends = [...new Set([eos, eot, eom].filter((token) => token !== undefined).map(({ id }) => id))];
  return { bos_token_id: bos?.id, eos_token_id: ends.length > 1 ? ends : ends[0], pad_token_id: padding?.id };
}

/** Returns tokenizer_config.json. Fields that are undefined are left out of the JSON. */
function tokenizerConfig(metadata: GgufMetadata, { bos, eos, unknown, padding }: SpecialTokens): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: bos?.content,
    eos_token: eos?.content,
    unk_token: unknown?.content,
    pad_token: padding?.content,
    chat_template: chatTemplates(metadata),
    clean_up_tokenization_spaces: false,
  };
}
