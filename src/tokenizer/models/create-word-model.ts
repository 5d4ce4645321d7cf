import type { z } from 'zod';
import { bpeOptionsSchema, CompactBpe } from '../bpe/compact-bpe.ts';
import { compactBpe } from '../bpe/read-with-compact-bpe.ts';
import { unsupported } from '../parts/supported-parts.ts';
import type { TokenizerJson } from '../tokenizer-json.ts';
import { unigram, unigramSchema } from './unigram.ts';
import { wordLevel, wordLevelSchema } from './word-level.ts';
import type { WordModel } from './word-model.ts';
import { wordPiece, wordPieceSchema } from './word-piece.ts';

type ModelJson = Exclude<TokenizerJson['model'], CompactBpe>;

/** Makes each of the models from its JSON, with the options under which it is exact. */
const MAKERS: Readonly<Record<string, (json: ModelJson) => WordModel>> = {
  BPE: bpe,
  Unigram: (json) => unigram(checked(unigramSchema, json)),
  WordLevel: (json) => wordLevel(checked(wordLevelSchema, json)),
  WordPiece: (json) => wordPiece(checked(wordPieceSchema, json)),
};
export const supportedModels = Object.keys(MAKERS);

/**
 * Makes the model of a tokenizer.json. Byte-pair encodings have been read as {@link CompactBpe} before, but for files
 * that are written in an unusual way.
 * @throws GptEdgeError `unsupported_model`, naming the model or the option that is not supported
 */
export function createWordModel({ model }: TokenizerJson): WordModel {
  if (model instanceof CompactBpe) return model;
  const type = model.type ?? guessType(model);
  if (!Object.hasOwn(MAKERS, type))
    throw unsupported(`model ${JSON.stringify(type)} is not supported; supported: ${supportedModels.join(', ')}`);
  return MAKERS[type]({ ...model, type });
}

/** Old files do not name the type. */
function guessType(model: ModelJson): string {
  if ('merges' in model) return 'BPE';
  if (Array.isArray(model.vocab)) return 'Unigram';
  return 'continuing_subword_prefix' in model ? 'WordPiece' : 'WordLevel';
}

function bpe(json: ModelJson): WordModel {
  checked(bpeOptionsSchema, json);
  try {
    return compactBpe(new TextEncoder().encode(JSON.stringify({ model: json }))).model;
  } catch (cause) {
    throw unsupported(`model BPE: its vocabulary and merges cannot be read: ${(cause as Error).message}`, cause);
  }
}

function checked<T>(schema: z.ZodType<T>, json: ModelJson): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unsupported(`model ${json.type}: ${[...issue.path, issue.message].join(': ')}`);
}
