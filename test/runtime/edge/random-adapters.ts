import { createHash } from 'node:crypto';
import { packModule } from '../../../src/convert/adapters/pack-adapter.ts';
import { adapterFiles } from '../../../src/core/folder/adapter-files.ts';
import { type AdapterManifest, weightHashes } from '../../../src/core/folder/adapter-manifest.ts';
import type { ModelFiles } from '../../../src/core/folder/model-files.ts';
import type { AdaptableProduct } from '../../../src/runtime/edge/plan/plan-builder.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';

/** A model's files with random adapters, each of which adds to about two thirds of the products. */
export function withRandomAdapters(
  files: ModelFiles,
  products: ReadonlyMap<string, AdaptableProduct>,
  names: readonly string[],
  change: (manifest: AdapterManifest) => AdapterManifest = (manifest) => manifest,
): ModelFiles {
  const added = new Map<string, Uint8Array<ArrayBuffer>>();
  const random = new SeededRandom(names.length + products.size);
  for (const [index, name] of names.entries()) {
    const { json, weights } = randomAdapter(files, products, random, index % 2 === 0 ? 'q8' : 'fp32', change);
    const own = adapterFiles(name)!;
    added.set(own.manifest, json).set(own.weights, weights);
  }
  const sizes = [...added].map(
    ([name, bytes]) => [name, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }] as const,
  );
  return {
    manifest: { ...files.manifest, files: { ...files.manifest.files, ...Object.fromEntries(sizes) } },
    read: async (name) => added.get(name) ?? files.read(name),
    async *stream(name) {
      const bytes = added.get(name);
      if (bytes === undefined) yield* files.stream(name);
      else for (let start = 0; start < bytes.length; start += 1000) yield bytes.subarray(start, start + 1000);
    },
  };
}

function randomAdapter(
  files: ModelFiles,
  products: ReadonlyMap<string, AdaptableProduct>,
  random: SeededRandom,
  dtype: AdapterManifest['dtype'],
  change: (manifest: AdapterManifest) => AdapterManifest,
) {
  const parts: Uint8Array[] = [];
  const modules: AdapterManifest['modules'] = [];
  let offset = 0;
  for (const [node, { inputs, outputs }] of products) {
    if (modules.length > 0 && random.integer(3) === 0) continue;
    const rank = 1 + random.integer(20);
    const value = () => (random.next() - 0.5) / 4;
    const { bytes, module } = packModule(
      { node, down: { rows: inputs, columns: rank, value }, up: { rows: rank, columns: outputs, value } },
      dtype,
      offset,
    );
    parts.push(bytes);
    modules.push(module);
    offset += bytes.length;
  }
  const facts = {
    format: 1,
    base: weightHashes(files.manifest),
    dtype,
    rank: 20,
    parameters: 1,
    multiplyAddsPerToken: 1,
    source: 'random',
  } as const;
  const json = new TextEncoder().encode(JSON.stringify(change({ ...facts, modules })));
  return { json, weights: new Uint8Array(Buffer.concat(parts)) };
}
