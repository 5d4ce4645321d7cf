import { Command } from 'commander';
import type { BucketChoice } from '../../local/bucket/with-bucket.ts';
import { persistToOption, remoteOption } from '../options.ts';
import { pushWithProgress } from '../push-with-progress.ts';

export const pushCommand = new Command('push')
  .description("put a model folder into the local bucket, as its model's current version")
  .argument('<folder>', 'a model folder')
  .addOption(remoteOption())
  .addOption(persistToOption())
  .action(push);

/** Pushes a model folder to the local bucket, or to the real one. */
async function push(path: string, options: BucketChoice): Promise<void> {
  const { withBucket } = await import('../../local/bucket/with-bucket.ts');
  const { openModelFolder } = await import('../../local/model-folder.ts');
  const folder = await openModelFolder(path);
  await withBucket(options, (models) => pushWithProgress(folder, models));
}
