import { buildWorker, MAX_BUNDLE_BYTES, MAX_EDGE_ONLY_GZIP_BYTES } from '../../local/build-worker.ts';
import { IS_CHECKOUT } from '../../local/project-paths.ts';
import { MAX_PAGE_BYTES, type PageSize, pageSize } from '../page-size.ts';

/** Bundles the Worker, in a checkout after the page, and prints the sizes of both. */
export async function build(options: { edgeOnly?: boolean } = {}): Promise<void> {
  const { rawBytes, gzipBytes } = await buildWorker(options);
  if (IS_CHECKOUT) printPageSize(await pageSize());
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  const limit = options.edgeOnly ? `${mib(MAX_EDGE_ONLY_GZIP_BYTES)} gzip, the edge engine alone` : `${mib(MAX_BUNDLE_BYTES)} raw`;
  console.log(`Worker bundle: ${mib(rawBytes)} MiB raw, ${mib(gzipBytes)} MiB gzip (at most ${limit}).`);
}

function printPageSize({ pageBytes, referenceBytes }: PageSize): void {
  const kb = (bytes: number) => (bytes / 1000).toFixed(1);
  console.log(`Page: ${kb(pageBytes)} kB gzip (at most ${MAX_PAGE_BYTES / 1000}); the reference: ${kb(referenceBytes)} kB more.`);
}
