import { Command } from 'commander';
import type { Bucket } from '../../local/bucket/bucket.ts';
import { persistToOption } from '../options.ts';
import { printTable } from '../printing/print-table.ts';

export const listCommand = new Command('list')
  .description('show the models in the local bucket')
  .option('--remote', 'use the real bucket, in the account that wrangler is logged in to')
  .addOption(persistToOption())
  .action(list);

interface ListOptions {
  remote?: boolean;
  persistTo: string;
}

/** Prints the models in the local bucket, or in the real one. */
async function list({ remote, persistTo }: ListOptions): Promise<void> {
  const { withLocalBucket } = await import('../../local/bucket/local-bucket.ts');
  const { withRemoteBucket } = await import('../../local/bucket/remote-bucket.ts');
  const rows = remote
    ? await withRemoteBucket(({ bucket }) => listModels(bucket))
    : await withLocalBucket(persistTo, ({ bucket }) => listModels(bucket));
  if (rows.length === 0) console.log('There is no model in the bucket yet. gpt-edge push puts one there.');
  else printTable(['model', 'architecture', 'parameters', 'dtype', 'context window', 'size', 'pushed'], rows);
}

async function listModels(bucket: Bucket): Promise<string[][]> {
  const rows: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix: 'models/', delimiter: '/', cursor });
    for (const prefix of page.delimitedPrefixes) rows.push(await describe(bucket, prefix));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return rows;
}

/** One row of the table, with a note in place of the facts if the manifest is missing or invalid. */
async function describe(bucket: Bucket, prefix: string): Promise<string[]> {
  const { describeDtype, folderBytes, parseManifest } = await import('../../core/folder/manifest.ts');
  const id = prefix.slice('models/'.length, -1);
  const object = await bucket.get(`${prefix}manifest.json`);
  if (object === null) return [id, '(no manifest.json)'];
  const text = await object.text();
  try {
    const manifest = parseManifest(text);
    const { architecture, parameters, contextWindow } = manifest;
    return [
      id,
      architecture,
      `${(parameters / 1e6).toFixed(1)}M`,
      describeDtype(manifest),
      `${contextWindow}`,
      `${(folderBytes(manifest) / 1e6).toFixed(1)} MB`,
      object.uploaded.toISOString().slice(0, 16).replace('T', ' '),
    ];
  } catch {
    return [id, '(its manifest.json is damaged)'];
  }
}
