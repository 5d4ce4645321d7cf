import { GptEdgeError } from '../core/errors.ts';
import { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';
import type { Architecture } from './architectures/architecture.ts';
import { jsonBytes, readJson } from './files/json-files.ts';
import type { Checkpoint } from './sources/model-source.ts';
import { keepRows } from './tensors/keep-rows.ts';
import { type BpeTokenizerJson, cutTokenizer, keptTokens } from './tokenizers/cut-tokenizer.ts';

/** The fields of config.json and generation_config.json that state tokens. */
const TOKEN_FIELD = /_token_ids?$/;
/** Fields that list tokens which must not be generated, or must be. The Worker reads none of them. */
const TOKEN_LISTS = /^(suppress_tokens|begin_suppress_tokens|bad_words_ids|force_words_ids|forced_decoder_ids|sequence_bias)$/;

/**
 * Cuts a checkpoint's vocabulary to the tokens that texts of a kind need. The tokens that some texts use are kept, and
 * those from which any other text can be made: bytes, digits, punctuation and special tokens. Ids are given anew, in the
 * old order; embedding and head lose the rows of the others.
 * @param texts what the model is for
 * @returns the checkpoint with fewer tokens. The texts are encoded as the same pieces as before, any other text as pieces
 *   that may be smaller
 * @throws GptEdgeError `invalid_value` for texts without a word, `unsupported_model` for a tokenizer that is not a byte-pair encoding
 */
export function cutVocabulary(checkpoint: Checkpoint, architecture: Architecture, texts: readonly string[]): Checkpoint {
  if (texts.every((text) => text.trim() === ''))
    throw new GptEdgeError(
      'invalid_value',
      'keepTokens: the texts are empty, and so say nothing about which tokens are needed (--keep-tokens)',
      {
        param: 'keepTokens',
      },
    );
  const config = readJson(checkpoint, 'config.json');
  const json = readBpe(checkpoint);
  const tokenizer = new TextTokenizer(parseTokenizerJson(checkpoint.files.get('tokenizer.json')!));
  const used = new Set([...texts, ...templates(checkpoint)].flatMap((text) => tokenizer.encode(text, { parseSpecialTokens: true })));
  for (const name of ['config.json', 'generation_config.json']) for (const id of tokensIn(readJson(checkpoint, name))) used.add(id);
  const kept = keptTokens(json, used);
  const ids = new Map(kept.map((old, id) => [old, id]));
  const full = architecture.plan(config);
  const cut = architecture.plan({ ...config, vocab_size: kept.length });
  const tables = new Set([...full.tensors].filter(([name, shape]) => cut.tensors.get(name)?.[0] !== shape[0]).map(([name]) => name));
  if (full.tied !== undefined) tables.add(full.tied.head);
  const isTable = (name: string) => tables.has(name.startsWith(full.prefix) ? name.slice(full.prefix.length) : name);
  return {
    ...checkpoint,
    layout: `${checkpoint.layout}, ${kept.length} of ${full.shape.vocabularySize} tokens kept,`,
    files: mapFiles(checkpoint, json, ids),
    weights: keepRows(checkpoint.weights, isTable, kept),
  };
}

function readBpe(checkpoint: Checkpoint): BpeTokenizerJson {
  const json = readJson(checkpoint, 'tokenizer.json') as unknown as BpeTokenizerJson;
  const { type = 'BPE', continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = json.model ?? {};
  if (type === 'BPE' && json.model?.merges !== undefined && !prefix && !suffix) return json;
  throw new GptEdgeError(
    'unsupported_model',
    'tokenizer.json: model: only the vocabulary of a byte-pair encoding without marks on its tokens can be cut (--keep-tokens)',
    { param: 'tokenizer.json' },
  );
}

/** The chat templates, whose own words are in every conversation. */
function templates({ files }: Checkpoint): string[] {
  const inFiles = [...files].filter(([name]) => name.endsWith('.jinja')).map(([, bytes]) => new TextDecoder().decode(bytes));
  const { chat_template: template } = readJson({ files }, 'tokenizer_config.json');
  return [...inFiles, ...(typeof template === 'string' ? [template] : [])];
}

/** The tokens that a configuration states: BOS, EOS and the like. */
function tokensIn(config: Record<string, unknown>): number[] {
  return Object.entries(config).flatMap(([key, value]) =>
    TOKEN_FIELD.test(key) ? [value].flat().filter((id) => typeof id === 'number') : [],
  );
}

/** Gives every token in the small files its new id. */
function mapFiles(checkpoint: Checkpoint, json: BpeTokenizerJson, ids: ReadonlyMap<number, number>): ReadonlyMap<string, Uint8Array> {
  const files = new Map(checkpoint.files).set('tokenizer.json', jsonBytes(cutTokenizer(json, ids)));
  for (const name of ['config.json', 'generation_config.json']) {
    if (!files.has(name)) continue;
    const size = name === 'config.json' ? { vocab_size: ids.size } : {};
    files.set(name, jsonBytes({ ...mapFields(readJson(checkpoint, name), ids), ...size }));
  }
  const config = readJson(checkpoint, 'tokenizer_config.json');
  if (typeof config.added_tokens_decoder !== 'object' || config.added_tokens_decoder === null) return files;
  const added = Object.entries(config.added_tokens_decoder).flatMap(([id, token]) =>
    ids.has(Number(id)) ? [[ids.get(Number(id))!, token]] : [],
  );
  return files.set('tokenizer_config.json', jsonBytes({ ...config, added_tokens_decoder: Object.fromEntries(added) }));
}

function mapFields(config: Record<string, unknown>, ids: ReadonlyMap<number, number>): Record<string, unknown> {
  const map = (value: unknown) => (typeof value === 'number' ? ids.get(value) : value);
  const entries = Object.entries(config).filter(([key]) => !TOKEN_LISTS.test(key));
  return Object.fromEntries(
    entries.map(([key, value]) => [
      key,
      TOKEN_FIELD.test(key) ? (Array.isArray(value) ? value.flatMap((id) => map(id) ?? []) : map(value)) : value,
    ]),
  );
}
