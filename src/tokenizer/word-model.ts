import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { CompactBpe } from './bpe/compact-bpe.ts';
import { unsupported } from './parts/supported-parts.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/** A tokenizer's model: words to token ids, and back to spellings. */
export interface WordModel {
  encode(words: readonly string[]): number[];
  /** The token's spelling in the vocabulary; empty for an id without a token. */
  spelling(id: number): string;
  /** The id of the token that stands for unknown text; undefined if there is none. */
  readonly unknown: number | undefined;
  /** One more than the largest id. */
  readonly size: number;
}

const idsSchema = z.record(z.string(), z.number().int().min(0));
const nothing = z.literal('').nullish();

/** The models, with the options under which they are exact. */
const MODELS = {
  BPE: z.looseObject({
    dropout: z.literal(0).nullish(),
    continuing_subword_prefix: nothing,
    end_of_word_suffix: nothing,
    continuing_subword_suffix: nothing,
    vocab: idsSchema,
    merges: z.array(z.unknown()),
  }),
  Unigram: z.looseObject({
    unk_id: z.number().int().min(0),
    vocab: z.array(z.tuple([z.string(), z.number()])).min(1),
    byte_fallback: z.boolean().default(false),
  }),
  WordLevel: z.looseObject({ unk_token: z.string(), vocab: idsSchema }),
  WordPiece: z.looseObject({
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.number().int().min(0).default(100),
    vocab: idsSchema,
  }),
};
type ModelType = keyof typeof MODELS;
export const supportedModels = Object.keys(MODELS) as ModelType[];

/**
 * Makes the model of a tokenizer.json. Byte-pair encodings are read as {@link CompactBpe} before; WordPiece and Unigram
 * are
 * @huggingface/tokenizers' own.
 * @throws GptEdgeError `unsupported_model`, naming the model or the option that is not supported
 */
export function createWordModel({ model }: TokenizerJson): WordModel {
  if (model instanceof CompactBpe) return model;
  const type = model.type ?? guessType(model);
  if (!Object.hasOwn(MODELS, type))
    throw unsupported(`model ${JSON.stringify(type)} is not supported; supported: ${supportedModels.join(', ')}`);
  const parsed = MODELS[type as ModelType].safeParse(model);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unsupported(`model ${type}: ${[...issue.path, issue.message].join(': ')}`);
  }
  const json = { ...parsed.data, type };
  return type === 'WordLevel' ? wordLevel(json as never) : libraryModel(json);
}

/** Old files do not name the type. */
function guessType(model: Record<string, unknown>): ModelType {
  if ('merges' in model) return 'BPE';
  if (Array.isArray(model.vocab)) return 'Unigram';
  return 'continuing_subword_prefix' in model ? 'WordPiece' : 'WordLevel';
}

/** Each word is a token, or unknown. */
function wordLevel({ vocab, unk_token: unknownToken }: z.infer<(typeof MODELS)['WordLevel']>): WordModel {
  const ids = new Map(Object.entries(vocab));
  const spellings = new Map([...ids].map(([word, id]) => [id, word]));
  const unknown = ids.get(unknownToken);
  return {
    encode: (words) => words.map((word) => ids.get(word) ?? unknown).filter((id) => id !== undefined),
    spelling: (id) => spellings.get(id) ?? '',
    unknown,
    size: Math.max(-1, ...spellings.keys()) + 1,
  };
}

/** The fields of the library's models that are used here. */
interface LibraryModel {
  encode(words: string[]): string[];
  readonly tokens_to_ids: ReadonlyMap<string, number>;
  readonly unk_token_id: number | undefined;
  readonly vocab: readonly string[];
  readonly scores?: number[];
}

function libraryModel(json: { type: string; vocab: unknown; byte_fallback?: unknown }): WordModel {
  const empty = { decoder: null, post_processor: null, normalizer: null, pre_tokenizer: null, added_tokens: [] };
  const model = new Tokenizer({ ...empty, model: json }, {}).model as unknown as LibraryModel;
  const { tokens_to_ids: ids, unk_token_id: unknown } = model;
  keepUnknownScore(model, json.vocab);
  const bytesOf = json.byte_fallback === true ? byteTokens(ids) : () => undefined;
  const isKnown = (piece: string) => (ids.get(piece) ?? unknown) !== unknown;
  const piecesOf = (word: string) => (json.type === 'Unigram' ? fuse(model.encode([word]), isKnown) : model.encode([word]));
  const idsOf = (piece: string) => {
    const id = ids.get(piece);
    return id === undefined ? (bytesOf(piece) ?? (unknown === undefined ? [] : [unknown])) : [id];
  };
  return {
    encode: (words) => words.flatMap((word) => piecesOf(word).flatMap(idsOf)),
    spelling: (id) => model.vocab[id] ?? '',
    unknown,
    size: model.vocab.length,
  };
}

/** Unknown pieces of a word that follow each other are one. The library would also fuse those of neighbouring words. */
function fuse(pieces: readonly string[], isKnown: (piece: string) => boolean): string[] {
  const fused: string[] = [];
  let isAfterUnknown = false;
  for (const piece of pieces) {
    const isUnknown = !isKnown(piece);
    if (isUnknown && isAfterUnknown) fused[fused.length - 1] += piece;
    else fused.push(piece);
    isAfterUnknown = isUnknown;
  }
  return fused;
}

/**
 * The library gives the unknown token of a Unigram model the score of unknown characters, where it is spelled out too.
 */
function keepUnknownScore({ scores, unk_token_id: unknown }: LibraryModel, vocab: unknown): void {
  if (scores && unknown !== undefined) scores[unknown] = (vocab as [string, number][])[unknown][1];
}

/** The tokens of the bytes of a piece; undefined if one has none. */
function byteTokens(ids: ReadonlyMap<string, number>): (piece: string) => number[] | undefined {
  const utf8 = new TextEncoder();
  const ofByte = Array.from({ length: 256 }, (_, byte) => ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`));
  return (piece) => {
    const tokens = Array.from(utf8.encode(piece), (byte) => ofByte[byte]);
    return tokens.every((token) => token !== undefined) ? tokens : undefined;
  };
}
