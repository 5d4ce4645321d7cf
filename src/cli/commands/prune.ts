import { Command } from 'commander';
import type { BucketChoice } from '../../local/bucket/with-bucket.ts';
import { number, persistToOption, remoteOption } from '../options.ts';

/** So that `rollback` has somewhere to go, and requests that began before the last push find their files. */
const DEFAULT_KEPT = 1;
const MAX_KEPT = 1000;

export const pruneCommand = new Command('prune')
  .description('delete versions of models from the local bucket; never the current one')
  .argument('[id]', 'a model; default: all')
  .option('--keep <n>', 'versions that stay beside the current one, those that were pushed last', number(0, MAX_KEPT), DEFAULT_KEPT)
  .addOption(remoteOption())
  .addOption(persistToOption())
  .action(prune);

async function prune(id: string | undefined, { keep, ...options }: BucketChoice & { keep: number }): Promise<void> {
  const { withBucket } = await import('../../local/bucket/with-bucket.ts');
  const { listModelIds } = await import('../../local/bucket/list-objects.ts');
  const { pruneModel } = await import('../../local/bucket/prune-model.ts');
  await withBucket(options, async ({ bucket }) => {
    for (const model of id === undefined ? await listModelIds(bucket) : [id]) {
      const { versions, bytes } = await pruneModel(bucket, model, keep);
      const what = versions.length > 0 ? `deleted ${versions.join(', ')}` : 'no version was to be deleted';
      console.log(`${model}: ${what}; ${(bytes / 1e6).toFixed(1)} MB are free.`);
    }
  });
}
