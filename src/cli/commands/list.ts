import { Command } from 'commander';
import type { Bucket } from '../../local/bucket/bucket.ts';
import type { BucketChoice } from '../../local/bucket/with-bucket.ts';
import { persistToOption, remoteOption } from '../options.ts';
import { printTable } from '../printing/print-table.ts';

export const listCommand = new Command('list')
  .description('show the models in the local bucket')
  .addOption(remoteOption())
  .addOption(persistToOption())
  .action(list);

/** Prints the models in the local bucket, or in the real one. */
async function list(options: BucketChoice): Promise<void> {
  const { withBucket } = await import('../../local/bucket/with-bucket.ts');
  const rows = await withBucket(options, ({ bucket }) => listModels(bucket));
  if (rows.length === 0) console.log('There is no model in the bucket yet. gpt-edge push puts one there.');
  else printTable(['model', 'architecture', 'parameters', 'dtype', 'context window', 'size', 'pushed', 'version'], rows);
}

async function listModels(bucket: Bucket): Promise<string[][]> {
  const { listModelIds } = await import('../../local/bucket/list-objects.ts');
  const rows: string[][] = [];
  for (const id of await listModelIds(bucket)) rows.push(await describe(bucket, id));
  return rows;
}

/** One row of the table, with a note in place of the facts if the manifest is missing or invalid. */
async function describe(bucket: Bucket, id: string): Promise<string[]> {
  const { describeDtype, folderBytes, parseManifest } = await import('../../core/folder/manifest.ts');
  const { unversionedKey, versionKey } = await import('../../core/folder/stored-model.ts');
  const { readCurrent } = await import('../../local/bucket/pointer.ts');
  try {
    const version = await readCurrent(bucket, id);
    const object = await bucket.get(version === null ? unversionedKey(id, 'manifest.json') : versionKey(id, version));
    if (object === null) return [id, version === null ? '(no version is served)' : `(the manifest of ${version} is missing)`];
    const manifest = parseManifest(await object.text());
    const { architecture, parameters, contextWindow } = manifest;
    return [
      id,
      architecture,
      `${(parameters / 1e6).toFixed(1)}M`,
      describeDtype(manifest),
      `${contextWindow}`,
      `${(folderBytes(manifest) / 1e6).toFixed(1)} MB`,
      object.uploaded.toISOString().slice(0, 16).replace('T', ' '),
      version ?? '(before versions: push it again)',
    ];
  } catch (error) {
    return [id, `(${(error as Error).message})`];
  }
}
