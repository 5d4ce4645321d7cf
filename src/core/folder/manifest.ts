import { z } from 'zod';
import { GptEdgeError } from '../errors.ts';
import { MAX_CONTEXT_WINDOW, MAX_DIMENSION, MAX_VOCABULARY, MAX_WEIGHTS_BYTES } from '../limits.ts';

/** Bytes of one separately hashed piece of a file, and so of one ranged read: small beside 128 MB, large beside a request's cost. */
export const CHUNK_BYTES = 4 * 2 ** 20;

/** What names a model, in the bucket (`models/<id>/`) and in a request. */
export const modelIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
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
  /** SHA-256 of each CHUNK_BYTES of the file, the last one shorter; only where the file is longer than one chunk. */
  chunks: z
    .array(sha256Schema)
    .max(MAX_WEIGHTS_BYTES / CHUNK_BYTES)
    .optional(),
});

/** manifest.json: what the converter states about a model folder, and what the Worker checks the folder against. */
export const manifestSchema = z
  .strictObject({
    format: z.literal(1),
    id: modelIdSchema,
    /** The source's `model_type`: gpt2, gpt_neo, llama. */
    architecture: z.string().max(64),
    /** How the large matrices are stored: fp32, fp16, q8, q4; with `(tables q8)` where embeddings and head are not. They are computed in float32. */
    dtype: z.string().max(16),
    parameters: z.number().int().min(1),
    contextWindow: countSchema(MAX_CONTEXT_WINDOW),
    vocabularySize: countSchema(MAX_VOCABULARY),
    layers: countSchema(MAX_DIMENSION),
    hiddenSize: countSchema(MAX_DIMENSION),
    heads: countSchema(MAX_DIMENSION),
    keyValueHeads: countSchema(MAX_DIMENSION),
    headDimension: countSchema(MAX_DIMENSION),
    /** Any of these ends a generation. */
    eosTokenIds: z.array(tokenIdSchema).max(64),
    /** Starts a sequence when the prompt is empty. */
    bosTokenId: tokenIdSchema.nullable(),
    /** Bytes that one position adds to a float32 KV cache. */
    kvBytesPerToken: z.number().int().min(1),
    /** Multiply-adds of all matrix products for one token, output head included, attention over the cache not. */
    multiplyAddsPerToken: z.number().int().min(1),
    license: z.string().max(128).nullable(),
    /** What was converted, in words: a repository, a file name. */
    source: z.string().max(512),
    files: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/), fileSchema),
  })
  .superRefine((manifest, context) => {
    for (const [name, file] of Object.entries(manifest.files)) {
      const expected = file.bytes > CHUNK_BYTES ? Math.ceil(file.bytes / CHUNK_BYTES) : undefined;
      if (file.chunks?.length !== expected)
        context.addIssue({
          code: 'custom',
          path: ['files', name, 'chunks'],
          message: `has ${file.chunks?.length ?? 0} hashes, ${expected ?? 0} expected for ${file.bytes} bytes`,
        });
    }
    const tooLarge = [...manifest.eosTokenIds, manifest.bosTokenId ?? 0].find((id) => id >= manifest.vocabularySize);
    if (tooLarge !== undefined)
      context.addIssue({
        code: 'custom',
        path: ['eosTokenIds'],
        message: `token ${tooLarge} is outside the vocabulary of ${manifest.vocabularySize}`,
      });
  });

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = z.infer<typeof fileSchema>;

/**
 * Reads the text of a manifest.json.
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
