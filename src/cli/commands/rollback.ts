import { Command } from 'commander';
import type { BucketChoice } from '../../local/bucket/with-bucket.ts';
import { persistToOption, remoteOption } from '../options.ts';

export const rollbackCommand = new Command('rollback')
  .description('serve another version of a model in the local bucket')
  .argument('<id>', "the model's id")
  .argument('[version]', 'as gpt-edge versions shows it, or its beginning; default: the one that was pushed before the current one')
  .addOption(remoteOption())
  .addOption(persistToOption())
  .action(rollback);

async function rollback(id: string, asked: string | undefined, options: BucketChoice): Promise<void> {
  const { withBucket } = await import('../../local/bucket/with-bucket.ts');
  const { rollBack } = await import('../../local/bucket/roll-back.ts');
  const { version, former } = await withBucket(options, ({ bucket }) => rollBack(bucket, id, asked));
  console.log(version === former ? `${id}: the version is ${version} already.` : `${id}: the version is ${version}, and was ${former}.`);
}
