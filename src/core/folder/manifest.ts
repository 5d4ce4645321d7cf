import { z } from 'zod';
import { GptEdgeError } from '../errors.ts';
import {
  MAX_ADAPTER_BYTES,
  MAX_ADAPTERS,
  MAX_CHAT_TEMPLATE_BYTES,
  MAX_CONFIG_BYTES,
  MAX_CONTEXT_WINDOW,
  MAX_DIMENSION,
  MAX_GRAPH_BYTES,
  MAX_TOKENIZER_BYTES,
  MAX_VOCABULARY,
  MAX_WEIGHTS_BYTES,
} from '../limits.ts';
import { adapterFiles, adapterNames, isAdapterFile } from './adapter-files.ts';
import { GRAPH_FILE } from './graph-files.ts';
import { isPrefixFile } from './prefix-files.ts';
import { CHAT_TEMPLATE_FILE, isUnusedTemplate } from './template-files.ts';

/**
 * Bytes of a chunk: the part of a file that has a hash of its own, and so the unit of a ranged read. It is small
 * compared with the 128 MB of an isolate, and large enough that the cost of a request hardly matters.
 */
export const CHUNK_BYTES = 4 * 2 ** 20;

/** The ways to make an embedding of a text out of the hidden states after its tokens: their mean, or the last of them. */
export const POOLINGS = ['mean', 'last'] as const;
export type Pooling = (typeof POOLINGS)[number];

/**
 * The way of models that say nothing. Decoders that were not trained for embeddings, as most, tell texts apart better by
 * the mean of their states than by the last one, which is about the next token.
 */
export const DEFAULT_POOLING: Pooling = 'mean';

/** Characters of a model's id. */
export const MAX_ID_LENGTH = 64;
/** Characters of the words that say what a model was converted from. */
export const MAX_SOURCE_LENGTH = 512;

/** The name of a model, in the bucket (`models/<id>/`) and in a request. */
export const modelIdSchema = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${MAX_ID_LENGTH - 1}}$`),
    'a model id has 1 to 64 letters, digits, dots, hyphens and underscores, and starts with a letter or digit',
  );

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in 64 hexadecimal digits');
const countSchema = (max: number) => z.number().int().min(1).max(max);
const tokenIdSchema = z
  .number()
  .int()
  .min(0)
  .max(MAX_VOCABULARY - 1);

const fileSchema = z.strictObject({
  bytes: z.number().int().min(0).max(MAX_WEIGHTS_BYTES),
  sha256: sha256Schema,
  /**
   * SHA-256 of each chunk of CHUNK_BYTES, of which the last may be shorter. Absent if the file is no longer than one
   * chunk.
   */
  chunks: z
    .array(sha256Schema)
    .max(MAX_WEIGHTS_BYTES / CHUNK_BYTES)
    .optional(),
});

/** Bytes of the files that are read as a whole, which an isolate has to hold at once. */
const WHOLE_FILE_LIMITS: Readonly<Record<string, number>> = {
  [GRAPH_FILE]: MAX_GRAPH_BYTES,
  'tokenizer.json': MAX_TOKENIZER_BYTES,
  [CHAT_TEMPLATE_FILE]: MAX_CHAT_TEMPLATE_BYTES,
  'config.json': MAX_CONFIG_BYTES,
  'generation_config.json': MAX_CONFIG_BYTES,
  'tokenizer_config.json': MAX_CONFIG_BYTES,
};

/** Manifests of earlier versions state both dtypes in one field: `q4 (tables q8)`. */
const DTYPE_WITH_TABLES = /^(\S+) \(tables (\S+)\)$/;

const thinkTagSchema = z.string().min(1).max(64);
const thinkTagsSchema = z.strictObject({ start: thinkTagSchema, end: thinkTagSchema });
export type ThinkTags = z.infer<typeof thinkTagsSchema>;
const isFileName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) || isPrefixFile(name) || isAdapterFile(name);

/** What is wrong with the adapters among a manifest's files. */
function adapterProblem(files: Readonly<Record<string, { bytes: number }>>): string | undefined {
  const names = adapterNames(files);
  if (names.length > MAX_ADAPTERS) return `has ${names.length} adapters, over the limit of ${MAX_ADAPTERS}`;
  for (const name of names) {
    const { manifest, weights } = adapterFiles(name)!;
    if (!(manifest in files && weights in files)) return `has the adapter ${name} with one of its two files only`;
    if (files[manifest].bytes > MAX_CONFIG_BYTES) return `${manifest} is over the limit of ${MAX_CONFIG_BYTES} bytes`;
    if (files[weights].bytes > MAX_ADAPTER_BYTES) return `${weights} is over the limit of ${MAX_ADAPTER_BYTES} bytes`;
  }
  return undefined;
}

/** manifest.json: what the converter states about a model folder, and what the Worker checks the folder against. */
const manifestSchema = z
  .strictObject({
    format: z.literal(1),
    id: modelIdSchema,
    /** The source's `model_type`: gpt2, gpt_neo, llama. */
    architecture: z.string().max(64),
    /**
     * How the large matrices are stored: fp32, fp16, q8 or q4. A published graph may hold others, such as bf16 or int8.
     * Whatever the dtype, values are computed in float32.
     */
    dtype: z.string().max(16),
    /** How embeddings and output heads are stored, if not as `dtype`. */
    tablesDtype: z.string().max(16).optional(),
    parameters: z.number().int().min(1),
    contextWindow: countSchema(MAX_CONTEXT_WINDOW),
    vocabularySize: countSchema(MAX_VOCABULARY),
    layers: countSchema(MAX_DIMENSION),
    hiddenSize: countSchema(MAX_DIMENSION),
    heads: countSchema(MAX_DIMENSION),
    keyValueHeads: countSchema(MAX_DIMENSION),
    headDimension: countSchema(MAX_DIMENSION),
    /** The EOS tokens: any of them ends a generation. */
    eosTokenIds: z.array(tokenIdSchema).max(64),
    /** The token that starts a sequence when the prompt is empty. */
    bosTokenId: tokenIdSchema.nullable(),
    /** Bytes of one position in a KV cache of float32. */
    kvBytesPerToken: z.number().int().min(1),
    /**
     * Multiply-adds of all matrix products for one token, with the output head and without attention over the cache.
     */
    multiplyAddsPerToken: z.number().int().min(1),
    /** How the hidden states of a text become its embedding: their mean, if the field is absent, or the last one. */
    pooling: z.enum(POOLINGS).optional(),
    /** Between which texts the model thinks before it answers. Absent, it is what the chat template says. */
    thinkTags: thinkTagsSchema.optional(),
    license: z.string().max(128).nullable(),
    /** What the model was converted from, in words: a repository, or a file name. */
    source: z.string().max(MAX_SOURCE_LENGTH),
    /** By name; stored prefixes and adapters lie in folders of their own. */
    files: z.record(z.string().refine(isFileName, 'a file name'), fileSchema),
  })
  .superRefine((manifest, context) => {
    for (const [name, limit] of Object.entries(WHOLE_FILE_LIMITS)) {
      const bytes = manifest.files[name]?.bytes ?? 0;
      if (bytes > limit)
        context.addIssue({ code: 'custom', path: ['files', name, 'bytes'], message: `${bytes} is over the limit of ${limit}` });
    }
    for (const [name, file] of Object.entries(manifest.files)) {
      const expected = file.bytes > CHUNK_BYTES ? Math.ceil(file.bytes / CHUNK_BYTES) : undefined;
      if (file.chunks?.length !== expected)
        context.addIssue({
          code: 'custom',
          path: ['files', name, 'chunks'],
          message: `has ${file.chunks?.length ?? 0} hashes, ${expected ?? 0} expected for ${file.bytes} bytes`,
        });
    }
    const problem = adapterProblem(manifest.files);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['files'], message: problem });
    const tooLarge = [...manifest.eosTokenIds, manifest.bosTokenId ?? 0].find((id) => id >= manifest.vocabularySize);
    if (tooLarge !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['eosTokenIds'],
        message: `token ${tooLarge} is outside the vocabulary of ${manifest.vocabularySize}`,
      });
  })
  .transform((manifest) => {
    const [, dtype, tablesDtype] = DTYPE_WITH_TABLES.exec(manifest.dtype) ?? [];
    return dtype === undefined ? manifest : { ...manifest, dtype, tablesDtype };
  });

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = z.infer<typeof fileSchema>;

/**
 * Parses the text of a manifest.json.
 * @param where names the file in messages
 * @throws GptEdgeError `invalid_file`, naming the first field at fault
 */
export function parseManifest(text: string, where = 'manifest.json'): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new GptEdgeError('invalid_file', `${where} is not JSON`, { param: where, cause });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GptEdgeError('invalid_file', `${where}: ${issue?.path.join('.') || 'value'}: ${issue?.message}`, { param: where });
}

/**
 * Formats a manifest's dtypes for people: `q8`, or `q4 (tables q8)` if embeddings and output heads have a dtype of
 * their own.
 */
export function describeDtype({ dtype, tablesDtype }: Pick<Manifest, 'dtype' | 'tablesDtype'>): string {
  return tablesDtype === undefined ? dtype : `${dtype} (tables ${tablesDtype})`;
}

/** Bytes of all files that a manifest lists. */
export function folderBytes({ files }: Pick<Manifest, 'files'>): number {
  return Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Files of a model folder that people and the converter read, and no Worker. */
const NOT_LOADED = ['README.md', 'config.json'];

/**
 * The files that a Worker loads and that the model's answers depend on, sorted by name. Stored prefixes change no
 * answer, and adapters only those of models of their own.
 */
export function loadedFiles({ files }: Pick<Manifest, 'files'>): [name: string, file: ManifestFile][] {
  return Object.entries(files)
    .filter(([name]) => !NOT_LOADED.includes(name) && !isUnusedTemplate(name) && !isPrefixFile(name) && !isAdapterFile(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The bytes of these files together. */
export const loadedBytes = (manifest: Pick<Manifest, 'files'>): number =>
  loadedFiles(manifest).reduce((sum, [, { bytes }]) => sum + bytes, 0);
