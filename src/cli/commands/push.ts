import { Command } from 'commander';
import { persistToOption } from '../options.ts';
import { pushWithProgress } from '../push-with-progress.ts';

export const pushCommand = new Command('push')
  .description("put a model folder's changed files into the local bucket")
  .argument('<folder>', 'a model folder')
  .option('--remote', 'use the real bucket, in the account that wrangler is logged in to')
  .addOption(persistToOption())
  .action(push);

interface PushOptions {
  remote?: boolean;
  persistTo: string;
}

/** Pushes a model folder to the local bucket, or to the real one. */
async function push(path: string, { remote, persistTo }: PushOptions): Promise<void> {
  const { withLocalBucket } = await import('../../local/bucket/local-bucket.ts');
  const { withRemoteBucket } = await import('../../local/bucket/remote-bucket.ts');
  const { openModelFolder } = await import('../../local/model-folder.ts');
  const folder = await openModelFolder(path);
  if (remote) await withRemoteBucket((models) => pushWithProgress(folder, models));
  else await withLocalBucket(persistTo, (models) => pushWithProgress(folder, models));
}
