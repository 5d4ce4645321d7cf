import { Command } from 'commander';
import type { Bucket } from '../../local/bucket/bucket.ts';
import type { BucketChoice } from '../../local/bucket/with-bucket.ts';
import { persistToOption, remoteOption } from '../options.ts';
import { printTable } from '../printing/print-table.ts';

export const versionsCommand = new Command('versions')
  .description('show the versions of a model in the local bucket, the one that was pushed last first')
  .argument('<id>', "the model's id")
  .addOption(remoteOption())
  .addOption(persistToOption())
  .action(versions);

async function versions(id: string, options: BucketChoice): Promise<void> {
  const { withBucket } = await import('../../local/bucket/with-bucket.ts');
  const rows = await withBucket(options, ({ bucket }) => describeVersions(bucket, id));
  if (rows.length === 0) console.log(`There is no version of ${id} in the bucket. gpt-edge push puts one there.`);
  else printTable(['version', 'pushed', 'size', 'dtype', 'from', ''], rows);
}

async function describeVersions(bucket: Bucket, id: string): Promise<string[][]> {
  const { describeDtype, folderBytes } = await import('../../core/folder/manifest.ts');
  const { listVersions, readVersion } = await import('../../local/bucket/model-versions.ts');
  const found = await listVersions(bucket, id);
  return Promise.all(
    found.map(async ({ version, pushed, isCurrent }) => {
      const manifest = await readVersion(bucket, id, version).catch(() => null);
      const facts = manifest
        ? [`${(folderBytes(manifest) / 1e6).toFixed(1)} MB`, describeDtype(manifest), manifest.source]
        : ['?', '?', '(its manifest is damaged)'];
      return [version, pushed.toISOString().slice(0, 19).replace('T', ' '), ...facts, isCurrent ? 'current' : ''];
    }),
  );
}
