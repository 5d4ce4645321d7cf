import { Command } from 'commander';
import { buildWorker, MAX_BUNDLE_BYTES, MAX_EDGE_ONLY_GZIP_BYTES } from '../../local/build-worker.ts';
import { MAX_PAGE_BYTES, type PageSize, pageSize } from '../../local/page-size.ts';
import { IS_CHECKOUT } from '../../local/project-paths.ts';
import { edgeOnlyOption } from '../options.ts';

export const buildCommand = new Command('build')
  .description('bundle the Worker (and the page, in a checkout of gpt-edge), and print the sizes')
  .addOption(edgeOnlyOption())
  .action(build);

interface BuildOptions {
  edgeOnly?: boolean;
}

/** Bundles the Worker and prints its size, and that of the page in a checkout, where wrangler has just built it. */
async function build(options: BuildOptions): Promise<void> {
  const { rawBytes, gzipBytes } = await buildWorker(options);
  if (IS_CHECKOUT) printPageSize(await pageSize());
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(2);
  const limit = options.edgeOnly ? `${mib(MAX_EDGE_ONLY_GZIP_BYTES)} gzip, with the edge engine alone` : `${mib(MAX_BUNDLE_BYTES)} raw`;
  console.log(`Worker bundle: ${mib(rawBytes)} MiB raw, ${mib(gzipBytes)} MiB gzip (at most ${limit}).`);
}

function printPageSize({ pageBytes, referenceBytes }: PageSize): void {
  const kb = (bytes: number) => (bytes / 1000).toFixed(1);
  console.log(`Page: ${kb(pageBytes)} kB gzip (at most ${MAX_PAGE_BYTES / 1000} kB); the API reference adds ${kb(referenceBytes)} kB.`);
}
