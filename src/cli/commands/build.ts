import { buildPage, MAX_PAGE_BYTES, pageSize } from '../build-page.ts';
import { buildWorker } from '../build-worker.ts';

export interface BuildOptions {
  /** Nothing but the page. */
  page?: boolean;
}

/** Builds the page and bundles the Worker, and prints their sizes. */
export async function build({ page = false }: BuildOptions): Promise<void> {
  if (page) return buildPage();
  const { rawBytes, gzipBytes } = await buildWorker();
  const size = await pageSize();
  const kb = (bytes: number) => (bytes / 1000).toFixed(1);
  console.log(`Page: ${kb(size.pageBytes)} kB gzip (at most ${MAX_PAGE_BYTES / 1000}); the reference: ${kb(size.referenceBytes)} kB.`);
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  console.log(`Worker bundle: ${mib(rawBytes)} MiB raw (at most 16), ${mib(gzipBytes)} MiB gzip.`);
}
