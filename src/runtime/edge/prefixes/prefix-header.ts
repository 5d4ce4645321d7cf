import { z } from 'zod';
import { GptEdgeError } from '../../../core/errors.ts';
import { adapterFiles } from '../../../core/folder/adapter-files.ts';
import { weightHashes } from '../../../core/folder/adapter-manifest.ts';
import type { Manifest } from '../../../core/folder/manifest.ts';
import { MAX_CONTEXT_WINDOW, MAX_VOCABULARY } from '../../../core/limits.ts';
import type { EdgePlan } from '../plan/plan-graph.ts';

/*
 * A file of a stored prefix: "GPTEDGEP", version and length of the header (uint32 each, little-endian), the header as
 * JSON, and the blocks of the KV cache one after the other, as they lie in the engine's memory.
 */

const MAGIC = 'GPTEDGEP';
/** To be raised when a block is laid out differently, or when kernels give other bits for the same tokens. */
const VERSION = 1;
const PREAMBLE_BYTES = 16;
/** Bytes of the JSON, with room for 100,000 tokens. It is read with the file's first chunk. */
const MAX_JSON_BYTES = 2 ** 20;

const headerSchema = z.strictObject({
  /** SHA-256 of the files that hold graph and weights. */
  weights: z.record(z.string(), z.string()),
  /** The adapter with which the prefix was computed, and the SHA-256 of its numbers. Absent: none */
  adapter: z.strictObject({ name: z.string(), sha256: z.string() }).optional(),
  cacheFormat: z.string(),
  blockPositions: z.number().int().min(1),
  blockBytes: z.number().int().min(1),
  tokens: z
    .array(
      z
        .number()
        .int()
        .min(0)
        .max(MAX_VOCABULARY - 1),
    )
    .min(1)
    .max(MAX_CONTEXT_WINDOW),
});

/** What a stored prefix belongs to, and its tokens. */
export type PrefixHeader = z.infer<typeof headerSchema>;

/**
 * The header of a prefix of these tokens, for a model as it is planned.
 * @param adapter with which it is computed
 */
export function prefixHeader(
  { options, cache }: EdgePlan,
  { files }: Manifest,
  { tokens, adapter }: { readonly tokens: readonly number[]; readonly adapter?: string },
): PrefixHeader {
  const sha256 = adapter === undefined ? '' : (files[adapterFiles(adapter)?.weights ?? '']?.sha256 ?? '');
  return {
    weights: weightHashes({ files }),
    ...(adapter === undefined ? {} : { adapter: { name: adapter, sha256 } }),
    cacheFormat: options.cacheFormat,
    blockPositions: cache.blockPositions,
    blockBytes: cache.blockBytes,
    tokens: [...tokens],
  };
}

/**
 * Encodes a header.
 * @throws RangeError for more tokens than the format takes
 */
export function encodePrefixHeader(header: PrefixHeader): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  if (json.length > MAX_JSON_BYTES) throw new RangeError(`the tokens take ${json.length} bytes, more than ${MAX_JSON_BYTES}`);
  const bytes = new Uint8Array(PREAMBLE_BYTES + json.length);
  bytes.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, json.length, true);
  bytes.set(json, PREAMBLE_BYTES);
  return bytes;
}

/**
 * Decodes the header at the beginning of a file.
 * @param start the file's first chunk
 * @param file its name, for messages
 * @returns the header, and how many bytes it takes
 * @throws GptEdgeError `model_unavailable` for a file that is not a prefix of this version
 */
export function decodePrefixHeader(start: Uint8Array, file: string): { header: PrefixHeader; bytes: number } {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < PREAMBLE_BYTES || new TextDecoder().decode(start.subarray(0, 8)) !== MAGIC)
    throw unusablePrefix(file, 'is not a stored prefix');
  const version = view.getUint32(8, true);
  if (version !== VERSION) throw unusablePrefix(file, `has version ${version} of the format, ${VERSION} expected`);
  const length = view.getUint32(12, true);
  const bytes = PREAMBLE_BYTES + length;
  if (length > MAX_JSON_BYTES || bytes > start.length) throw unusablePrefix(file, `has a header of ${length} bytes`);
  return { header: parseHeader(start.subarray(PREAMBLE_BYTES, bytes), file), bytes };
}

function parseHeader(json: Uint8Array, file: string): PrefixHeader {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(json));
  } catch (cause) {
    throw unusablePrefix(file, 'has a header that is not JSON', cause);
  }
  const parsed = headerSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unusablePrefix(file, `has an invalid header: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** The error for a prefix that this model cannot begin behind. */
export function unusablePrefix(file: string, problem: string, cause?: unknown): GptEdgeError {
  const message = `${file} ${problem}. Store it again (gpt-edge prefix), or remove it (gpt-edge prefix --remove).`;
  return new GptEdgeError('model_unavailable', message, { param: 'model', cause });
}
