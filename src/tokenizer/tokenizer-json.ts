import { z } from 'zod';
import { GptEdgeError } from '../core/errors.ts';
import { CompactBpe } from './bpe/compact-bpe.ts';
import { readWithCompactBpe } from './bpe/read-with-compact-bpe.ts';

const componentSchema = z.looseObject({ type: z.string() }).nullish();

const addedTokenSchema = z.looseObject({
  id: z.number().int().min(0),
  content: z.string().min(1),
  special: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
});

/** The parts of a Hugging Face tokenizer.json that this project reads itself; the rest is @huggingface/tokenizers' business. */
const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(addedTokenSchema).default([]),
  pre_tokenizer: componentSchema,
  post_processor: componentSchema,
  decoder: componentSchema,
  model: z.union([z.instanceof(CompactBpe), z.looseObject({ type: z.string().optional() })]),
});

/** A chat template is one string, or a list of named ones. Tokens are strings, or objects with their `content`. */
const specialTokenSchema = z.union([z.string(), z.looseObject({ content: z.string() }).transform((token) => token.content)]).nullish();
const tokenizerConfigSchema = z.looseObject({
  bos_token: specialTokenSchema,
  eos_token: specialTokenSchema,
  chat_template: z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))]).nullish(),
});

export type AddedToken = z.infer<typeof addedTokenSchema>;
export type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;

const readJson = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));

function parse<T>(name: string, bytes: Uint8Array, schema: z.ZodType<T>, read = readJson): T {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    return schema.parse(read(bytes.subarray(hasMark ? 3 : 0)));
  } catch (cause) {
    throw new GptEdgeError('unsupported_model', `${name} cannot be read: ${(cause as Error).message}`, { param: name, cause });
  }
}

/**
 * A byte-pair encoding is ready as {@link CompactBpe}; any other model is what the file says.
 * @throws GptEdgeError `unsupported_model` where the file is no tokenizer.json
 */
export const parseTokenizerJson = (bytes: Uint8Array): TokenizerJson =>
  parse('tokenizer.json', bytes, tokenizerJsonSchema, (json) => readWithCompactBpe(json) ?? readJson(json));

/** @throws GptEdgeError `unsupported_model` where the file is no tokenizer_config.json */
export const parseTokenizerConfig = (bytes: Uint8Array): TokenizerConfig => parse('tokenizer_config.json', bytes, tokenizerConfigSchema);
