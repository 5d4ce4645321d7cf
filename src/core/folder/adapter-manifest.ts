import { z } from 'zod';
import { GptEdgeError } from '../errors.ts';
import { MAX_ADAPTER_BYTES, MAX_ADAPTER_RANK, MAX_DIMENSION, MAX_LAYERS } from '../limits.ts';
import { externalDataFiles, GRAPH_FILE } from './graph-files.ts';
import type { Manifest } from './manifest.ts';

/** Columns of a panel, in which the numbers of an adapter lie. Ranks are filled up with zeros to a multiple of it. */
export const ADAPTER_PANEL = 8;
/** Matrices begin at multiples of so many bytes. */
export const ADAPTER_ALIGNMENT = 64;
/** Matrices of a layer, none of which has more than two dozen. */
const MAX_MODULES = 32 * MAX_LAYERS;

/** How the numbers of an adapter are stored: in float32, or quantized to 8 bits. */
export const ADAPTER_DTYPES = ['fp32', 'q8'] as const;
/** In q8, inputs of A that share a scale. */
export const ADAPTER_BLOCK = 32;

const moduleSchema = z.strictObject({
  /** The node of the graph whose product it adds to. */
  node: z.string().min(1).max(256),
  inputs: z.number().int().min(1).max(MAX_DIMENSION),
  outputs: z.number().int().min(1).max(MAX_DIMENSION),
  /** A multiple of ADAPTER_PANEL. */
  rank: z.number().int().min(ADAPTER_PANEL).max(MAX_ADAPTER_RANK).multipleOf(ADAPTER_PANEL),
  /** Where the first matrix begins in adapter.bin; the second follows it. */
  offset: z.number().int().min(0).max(MAX_ADAPTER_BYTES).multipleOf(ADAPTER_ALIGNMENT),
});

const adapterSchema = z.strictObject({
  format: z.literal(1),
  /** SHA-256 of the files of the base model that hold graph and weights. The adapter fits no others. */
  base: z.record(z.string(), z.string()),
  dtype: z.enum(ADAPTER_DTYPES),
  /** The greatest rank of its matrices, before it was filled up. */
  rank: z.number().int().min(1).max(MAX_ADAPTER_RANK),
  parameters: z.number().int().min(1),
  /** Multiply-adds that it adds to those of the base model, for one token. */
  multiplyAddsPerToken: z.number().int().min(1),
  /** What it was converted from, in words. */
  source: z.string().max(512),
  modules: z.array(moduleSchema).min(1).max(MAX_MODULES),
});

/**
 * adapters/<name>/adapter.json: what a low-rank adapter adds to which products of the base model's graph: y = W x + B (A
 * x), where LoRA's scale is a part of A. For each of them, adapter.bin has A [rank, inputs] and then B [outputs, rank],
 * both in panels of ADAPTER_PANEL of their outputs, the last of which is filled up with zeros. In fp32 a panel is
 * [inputs][8] numbers. In q8, a weight of A is code * scale * row scale, and one of B is code * scale:
 *
 *     a panel of A, for each block of 32 inputs: codes [16 pairs of inputs][8 outputs][2] int8, scales [8] int16
 *                   after all blocks: row scales [8] float32
 *     a panel of B: codes [pairs of ranks][8 outputs][2] int8, scales [8] int16
 */
export type AdapterManifest = z.infer<typeof adapterSchema>;
export type AdapterModule = AdapterManifest['modules'][number];

/**
 * Parses the text of an adapter.json.
 * @param file its name, for messages
 * @throws GptEdgeError `invalid_file`, naming the first field at fault
 */
export function parseAdapterManifest(text: string, file: string): AdapterManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new GptEdgeError('invalid_file', `${file} is not JSON`, { param: file, cause });
  }
  const parsed = adapterSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GptEdgeError('invalid_file', `${file}: ${issue?.path.join('.') || 'value'}: ${issue?.message}`, { param: file });
}

/** Bytes from the start of A, and of B, to their ends, and those of both in the file. */
export function moduleBytes(
  { inputs, outputs, rank }: Pick<AdapterModule, 'inputs' | 'outputs' | 'rank'>,
  dtype: AdapterManifest['dtype'],
) {
  const panels = (count: number) => Math.ceil(count / ADAPTER_PANEL);
  const [down, up] =
    dtype === 'q8'
      ? [
          panels(rank) * ADAPTER_PANEL * (Math.ceil(inputs / ADAPTER_BLOCK) * (ADAPTER_BLOCK + 2) + 4),
          panels(outputs) * ADAPTER_PANEL * (rank + 2),
        ]
      : [4 * rank * inputs, 4 * panels(outputs) * ADAPTER_PANEL * rank];
  return { down, up, whole: Math.ceil((down + up) / ADAPTER_ALIGNMENT) * ADAPTER_ALIGNMENT };
}

/** SHA-256 of the files that hold a model's graph and weights, by name: what is made for a model is bound to them. */
export function weightHashes({ files }: Pick<Manifest, 'files'>): Record<string, string> {
  const names = [GRAPH_FILE, ...externalDataFiles(Object.keys(files))].sort();
  return Object.fromEntries(names.map((name) => [name, files[name]?.sha256 ?? '']));
}

/** Whether two records of hashes name the same files. */
export function haveSameWeights(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
