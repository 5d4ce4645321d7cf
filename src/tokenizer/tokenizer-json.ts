import { z } from 'zod';
import { GptEdgeError } from '../core/errors.ts';
import { CompactBpe } from './bpe/compact-bpe.ts';
import { MAX_TOKEN_LENGTH } from './bpe/compact-vocabulary.ts';
import { readWithCompactBpe } from './bpe/read-with-compact-bpe.ts';

const componentSchema = z.looseObject({ type: z.string() }).nullish();

const addedTokenSchema = z.looseObject({
  id: z.number().int().min(0),
  content: z.string().min(1).max(MAX_TOKEN_LENGTH),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  single_word: z.boolean().default(false),
  normalized: z.boolean().nullish(),
});

/**
 * The parts of a Hugging Face tokenizer.json that this project reads itself. @huggingface/tokenizers reads the rest.
 */
const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  pre_tokenizer: componentSchema,
  post_processor: componentSchema,
  decoder: componentSchema,
  model: z.union([z.instanceof(CompactBpe), z.looseObject({ type: z.string().optional() })]),
});

/** A special token is a string, or an object with the string as its `content`. */
const specialTokenSchema = z.union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)]).nullish();
/** A chat template is one string, or a list of named templates. */
const tokenizerConfigSchema = z.looseObject({
  bos_token: specialTokenSchema,
  eos_token: specialTokenSchema,
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
});

export type AddedToken = z.infer<typeof addedTokenSchema>;
export type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;

/**
 * Reads a tokenizer.json, with or without a byte order mark.
 * @returns the file's JSON. A byte-pair encoding comes as a {@link CompactBpe} in `model`; any other model is as the
 *   file has it.
 * @throws GptEdgeError `unsupported_model` if the file is not a valid tokenizer.json
 * @example
 * ```ts
 * const json = parseTokenizerJson(await readFile('tokenizer.json'));
 * ```
 */
export const parseTokenizerJson = (bytes: Uint8Array): TokenizerJson =>
  parse('tokenizer.json', bytes, tokenizerJsonSchema, (json) => readWithCompactBpe(json) ?? readJson(json));

/**
 * Reads a tokenizer_config.json, with or without a byte order mark.
 * @throws GptEdgeError `unsupported_model` if the file is not a valid tokenizer_config.json
 * @example
 * ```ts
 * const config = parseTokenizerConfig(await readFile('tokenizer_config.json'));
 * ```
 */
export const parseTokenizerConfig = (bytes: Uint8Array): TokenizerConfig => parse('tokenizer_config.json', bytes, tokenizerConfigSchema);

/** JSON in UTF-8. */
function readJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
}

function parse<T>(name: string, bytes: Uint8Array, schema: z.ZodType<T>, read = readJson): T {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    return schema.parse(read(bytes.subarray(hasMark ? 3 : 0)));
  } catch (cause) {
    throw new GptEdgeError('unsupported_model', `${name} cannot be read: ${(cause as Error).message}`, { param: name, cause });
  }
}
