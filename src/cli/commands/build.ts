import { buildWorker } from '../build-worker.ts';

/** Bundles the Worker and prints the bundle's size. */
export async function build(): Promise<void> {
  const { rawBytes, gzipBytes } = await buildWorker();
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  console.log(`Worker bundle: ${mib(rawBytes)} MiB raw (at most 16), ${mib(gzipBytes)} MiB gzip.`);
}
