import { GptEdgeError } from '../../../core/errors.ts';
import { invalidFile, showText } from '../../../core/invalid-file.ts';
import { MAX_TOKENIZER_BYTES, MAX_VOCABULARY } from '../../../core/limits.ts';
import { readJson, type SmallFiles } from '../../files/json-files.ts';
import { type AddedTokenJson, addedToken, type NamedToken, templateProcessing, tokenizerJson } from '../../tokenizers/tokenizer-parts.ts';

/** The files that older tokenizers of the byte-level kind consist of. */
export const VOCABULARY_FILE = 'vocab.json';
export const MERGES_FILE = 'merges.txt';
/** Bytes of each of them: together they become a tokenizer.json. */
export const MAX_PART_BYTES = MAX_TOKENIZER_BYTES / 2;

/** The classes in transformers whose tokenizer.json follows from these files, as its converters write it. */
const CLASSES = ['GPT2Tokenizer', 'GPT2TokenizerFast'];
/** What the classes use if tokenizer_config.json does not name a token. */
const DEFAULT_TOKEN = '<|endoftext|>';

/**
 * Builds the tokenizer.json of GPT-2's kind from vocab.json and merges.txt, as transformers does when a folder has no
 * other.
 * @throws GptEdgeError `invalid_file` for a broken file, `unsupported_model` for another class of tokenizer
 */
export function tokenizerFromMerges({ files }: SmallFiles): Uint8Array {
  const config = readJson({ files }, 'tokenizer_config.json');
  const { tokenizer_class: name = 'GPT2Tokenizer' } = config;
  if (!CLASSES.includes(name as string))
    throw new GptEdgeError(
      'unsupported_model',
      `tokenizer_config.json: tokenizer_class ${showText(String(name))}: there is no tokenizer.json, and only that of GPT2Tokenizer is built from ${VOCABULARY_FILE} and ${MERGES_FILE}. save_pretrained of the fast tokenizer in transformers writes one.`,
      { param: 'tokenizer_config.json' },
    );
  const tokens = readVocabulary(readJson({ files }, VOCABULARY_FILE));
  const added = addedTokens(config, tokens);
  const find = (field: string): NamedToken => {
    const content = contentOf(config[field]) ?? DEFAULT_TOKEN;
    const id = added.find((token) => token.content === content)?.id;
    if (id === undefined) throw invalidFile('tokenizer_config.json', `${field}: ${showText(content)} is not in ${VOCABULARY_FILE}`);
    return { id, content };
  };
  return tokenizerJson({
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: config.add_prefix_space === true, trim_offsets: true, use_regex: true },
    post_processor: templateProcessing(config.add_bos_token === true ? find('bos_token') : undefined, undefined),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { tokens, merges: readMerges(files.get(MERGES_FILE)!, new Set(tokens)) },
  });
}

/** The tokens by id. Ids that no token has would be rows of the embedding that nothing is known about. */
function readVocabulary(vocabulary: Record<string, unknown>): string[] {
  const entries = Object.entries(vocabulary);
  if (entries.length > MAX_VOCABULARY)
    throw invalidFile(VOCABULARY_FILE, `has ${entries.length} tokens, over the limit of ${MAX_VOCABULARY}`);
  const tokens = new Array<string>(entries.length);
  for (const [token, id] of entries) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= entries.length || tokens[id as number] !== undefined)
      throw invalidFile(
        VOCABULARY_FILE,
        `${showText(token)}: id ${showText(String(id))} is not one of ${entries.length} different ids from 0 on`,
      );
    tokens[id as number] = token;
  }
  return tokens;
}

/** Reads merges, a pair of tokens in each line after the first, which states a version. */
function readMerges(bytes: Uint8Array, known: ReadonlySet<string>): [string, string][] {
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  const merges = lines.filter((line, index) => line !== '' && !(index === 0 && line.startsWith('#version')));
  return merges.map((line, index) => {
    const [left, right, ...rest] = line.split(' ');
    const isMerge = right !== undefined && rest.length === 0 && [left, right, left + right].every((part) => known.has(part));
    if (!isMerge)
      throw invalidFile(MERGES_FILE, `merge ${index}: ${showText(line)} is not two tokens of ${VOCABULARY_FILE} that make a third`);
    return [left, right];
  });
}

/** The tokens that text is split at: those that are listed, and those that begin and end a text or stand for what is unknown. */
function addedTokens(config: Record<string, unknown>, tokens: readonly string[]): AddedTokenJson[] {
  const added = new Map<number, AddedTokenJson>();
  const listed = config.added_tokens_decoder;
  for (const [key, value] of Object.entries(typeof listed === 'object' && listed !== null ? listed : {})) {
    const content = contentOf(value);
    if (content === undefined || !/^\d{1,7}$/.test(key))
      throw invalidFile('tokenizer_config.json', `added_tokens_decoder: ${showText(key)} is no token`);
    const { special = false, single_word, lstrip, rstrip, normalized } = value as Partial<AddedTokenJson>;
    const flags = { single_word: single_word === true, lstrip: lstrip === true, rstrip: rstrip === true, normalized: normalized === true };
    added.set(Number(key), { ...addedToken(Number(key), content, special === true), ...flags });
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  for (const field of ['bos_token', 'eos_token', 'unk_token', 'pad_token']) {
    const content = contentOf(config[field]) ?? (field === 'pad_token' ? undefined : DEFAULT_TOKEN);
    const id = ids.get(content ?? '');
    if (content !== undefined && id !== undefined && !added.has(id)) added.set(id, addedToken(id, content, true));
  }
  return [...added.values()].sort((a, b) => a.id - b.id);
}

/** A token is stated by its text alone, or with its flags. */
function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : undefined;
  return typeof content === 'string' ? content : undefined;
}
