import { buildWorker, MAX_BUNDLE_BYTES, MAX_EDGE_ONLY_GZIP_BYTES } from '../build-worker.ts';

/** Bundles the Worker and prints the bundle's size. */
export async function build(options: { edgeOnly?: boolean } = {}): Promise<void> {
  const { rawBytes, gzipBytes } = await buildWorker(options);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  const limit = options.edgeOnly ? `${mib(MAX_EDGE_ONLY_GZIP_BYTES)} gzip, the edge engine alone` : `${mib(MAX_BUNDLE_BYTES)} raw`;
  console.log(`Worker bundle: ${mib(rawBytes)} MiB raw, ${mib(gzipBytes)} MiB gzip (at most ${limit}).`);
}
