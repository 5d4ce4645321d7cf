import type { ByteReader } from '../../files/byte-reader.ts';
import { jsonBytes } from '../../files/json-files.ts';
import { findScoreFault, MAX_SCORED_CHARACTERS, mergesFromScores } from '../../tokenizers/merges-from-scores.ts';
import { templateProcessing, tokenizerJson } from '../../tokenizers/tokenizer-parts.ts';
import { addedTokens, findVocabularyFault, TokenType } from '../../tokenizers/vocabulary.ts';

/** UTF-8 takes at most three bytes for each UTF-16 unit, in which JavaScript counts characters. */
const MAX_TOKEN_BYTES = 3 * MAX_SCORED_CHARACTERS;
/** The ids that llama2.c has built in. The 256 byte tokens follow from 3 on. */
const UNKNOWN = 0;
export const LLAMA2C_BOS = 1;
export const LLAMA2C_EOS = 2;
const FIRST_BYTE = 3;

/** Limit for the size of a tokenizer.bin. Llama 2's 32,000 tokens take 430 kB. */
export const MAX_TOKENIZER_BIN_BYTES = 32 * 2 ** 20;

/** The contents of a tokenizer.bin. Its tokens have spaces in place of SentencePiece's mark. */
interface Llama2cVocabulary {
  readonly tokens: readonly string[];
  readonly scores: readonly number[];
}

/**
 * Rebuilds tokenizer.json and tokenizer_config.json from llama2.c's tokenizer.bin, so that text encodes and decodes as
 * in run.c.
 * @throws GptEdgeError `invalid_file`, naming the field, its value and the limit, and if the file does not have exactly
 *   `vocabularySize` tokens
 */
export function llama2cTokenizer(reader: ByteReader, vocabularySize: number): ReadonlyMap<string, Uint8Array> {
  const { tokens: raw, scores } = readTokens(reader, vocabularySize);
  // run.c puts line breaks around these three, and never recognizes them in a text.
  const tokens = raw.with(UNKNOWN, '<unk>').with(LLAMA2C_BOS, '<s>').with(LLAMA2C_EOS, '</s>');
  const fault = findVocabularyFault(tokens, MAX_SCORED_CHARACTERS);
  if (fault) throw reader.invalid(`token ${fault.id}`, fault.problem);
  const scored = { tokens, scores, isMergeable: (id: number) => id >= FIRST_BYTE + 256 };
  const scoreFault = findScoreFault(scored);
  if (scoreFault) throw reader.invalid('tokens', scoreFault);
  return new Map([
    ['tokenizer.json', buildTokenizer(tokens, mergesFromScores(scored))],
    ['tokenizer_config.json', jsonBytes(TOKENIZER_CONFIG)],
  ]);
}

const TOKENIZER_CONFIG = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  clean_up_tokenization_spaces: false,
};

function buildTokenizer(tokens: readonly string[], merges: readonly [string, string][]): Uint8Array {
  const types = new Uint8Array(tokens.length).fill(TokenType.NORMAL);
  types.fill(TokenType.CONTROL, UNKNOWN, FIRST_BYTE);
  return tokenizerJson({
    added_tokens: addedTokens({ tokens, types }),
    // Spaces stay spaces. With Llama's U+2581 in their place, that character in a text would be read as a space, but
    // run.c reads its bytes.
    normalizer: { type: 'Prepend', prepend: ' ' },
    pre_tokenizer: null,
    post_processor: templateProcessing({ id: LLAMA2C_BOS, content: '<s>' }, undefined),
    decoder: {
      type: 'Sequence',
      decoders: [{ type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1, stop: 0 }],
    },
    model: { tokens, merges, unk_token: '<unk>', byte_fallback: true },
  });
}

function readTokens(reader: ByteReader, vocabularySize: number): Llama2cVocabulary {
  const longest = reader.uint32('max_token_length');
  if (longest > MAX_TOKEN_BYTES) throw reader.invalid('max_token_length', `${longest} is over the limit of ${MAX_TOKEN_BYTES}`);
  const tokens: string[] = [];
  const scores: number[] = [];
  while (reader.position < reader.size) {
    const field = `token ${tokens.length}`;
    if (tokens.length === vocabularySize) throw reader.invalid(field, `is beyond the model's vocabulary of ${vocabularySize}`);
    scores.push(reader.float32(`${field}: score`));
    const length = reader.uint32(`${field}: length`);
    if (length > longest) throw reader.invalid(`${field}: length`, `${length} is over max_token_length, ${longest}`);
    tokens.push(reader.text(length, field));
  }
  if (tokens.length !== vocabularySize)
    throw reader.invalid('tokens', `are ${tokens.length}, and the model's vocabulary is ${vocabularySize}`);
  checkBytes(reader, tokens);
  return { tokens, scores };
}

/** Checks the names of the byte tokens: byte fallback finds them by name, llama2.c by id. */
function checkBytes(reader: ByteReader, tokens: readonly string[]): void {
  for (let byte = 0; byte < 256; byte++) {
    const expected = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
    if (tokens[FIRST_BYTE + byte] !== expected) throw reader.invalid(`token ${FIRST_BYTE + byte}`, `is not ${expected}`);
  }
}
