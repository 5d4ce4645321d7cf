import { adapterFiles, adapterNames, variantId } from '../../core/folder/adapter-files.ts';
import { haveSameWeights, parseAdapterManifest, weightHashes } from '../../core/folder/adapter-manifest.ts';
import { DiskModelFiles } from '../../local/disk-model-files.ts';
import type { ModelFolder } from '../../local/model-folder.ts';
import { printTable } from '../printing/print-table.ts';

/** Prints the adapters of a model folder, if it has any, and warns of those that were made for other weights. */
export async function printAdapters(folder: ModelFolder): Promise<void> {
  const { manifest } = folder;
  const rows: string[][] = [];
  for (const name of adapterNames(manifest.files)) {
    const { manifest: file, weights } = adapterFiles(name)!;
    const adapter = parseAdapterManifest(new TextDecoder().decode(await new DiskModelFiles(folder).read(file)), file);
    const fits = haveSameWeights(adapter.base, weightHashes(manifest));
    rows.push([
      variantId(manifest.id, name),
      `${adapter.rank}`,
      adapter.parameters.toLocaleString('en'),
      `${adapter.modules.length}`,
      `${adapter.dtype}, ${(manifest.files[weights].bytes / 1e6).toFixed(1)} MB`,
      fits ? adapter.source : `${adapter.source}; made for other weights: convert it again`,
    ]);
  }
  if (rows.length === 0) return;
  console.log('\nAdapters');
  printTable(['model', 'rank', 'parameters', 'products', 'stored as', 'source'], rows);
}
