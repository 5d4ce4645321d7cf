import { describeDtype, folderBytes, type Manifest, parseManifest } from '../../core/folder/manifest.ts';
import type { Bucket } from '../../local/bucket/bucket.ts';
import { withLocalBucket } from '../../local/bucket/local-bucket.ts';
import { withRemoteBucket } from '../../local/bucket/remote-bucket.ts';
import { printTable } from '../printing/print-table.ts';

export interface ListOptions {
  remote?: boolean;
  persistTo: string;
}

/** Shows the models in the local bucket, or in the real one. */
export async function list({ remote, persistTo }: ListOptions): Promise<void> {
  const rows = remote
    ? await withRemoteBucket(({ bucket }) => listModels(bucket))
    : await withLocalBucket(persistTo, ({ bucket }) => listModels(bucket));
  if (rows.length === 0) console.log('There is no model in the bucket. gpt-edge push puts one there.');
  else printTable(['model', 'architecture', 'parameters', 'dtype', 'context window', 'size', 'put'], rows);
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

async function describe(bucket: Bucket, prefix: string): Promise<string[]> {
  const id = prefix.slice('models/'.length, -1);
  const object = await bucket.get(`${prefix}manifest.json`);
  if (object === null) return [id, '(no manifest.json)'];
  const manifest = await parse(object);
  if (manifest === null) return [id, '(its manifest.json is damaged)'];
  const bytes = folderBytes(manifest);
  const { architecture, parameters, contextWindow } = manifest;
  return [
    id,
    architecture,
    `${(parameters / 1e6).toFixed(1)}M`,
    describeDtype(manifest),
    `${contextWindow}`,
    `${(bytes / 1e6).toFixed(1)} MB`,
    object.uploaded.toISOString().slice(0, 16).replace('T', ' '),
  ];
}

async function parse(object: { text(): Promise<string> }): Promise<Manifest | null> {
  try {
    return parseManifest(await object.text());
  } catch {
    return null;
  }
}
