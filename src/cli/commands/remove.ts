import { Command } from 'commander';
import { modelsOption, persistToOption } from '../options.ts';

export const removeCommand = new Command('remove')
  .description('remove a model that was added, here and from the local bucket')
  .argument('<id>', "the model's id")
  .addOption(modelsOption())
  .addOption(persistToOption())
  .action(remove);

interface RemoveOptions {
  models: string;
  persistTo: string;
}

/** Removes a model that was added. What was downloaded for it stays in Hugging Face's cache, which other tools share. */
async function remove(id: string, { models, persistTo }: RemoveOptions): Promise<void> {
  const { removeFromBucket } = await import('../../local/bucket/remove-from-bucket.ts');
  const { withLocalBucket } = await import('../../local/bucket/local-bucket.ts');
  const { CachedRepo } = await import('../../local/hub/hub-cache.ts');
  const { readHubSettings } = await import('../../local/hub/hub-settings.ts');
  const { removeModel } = await import('../../local/models-folder.ts');
  const source = await removeModel(models, id);
  await withLocalBucket(persistTo, (local) => removeFromBucket(local.bucket, id));
  console.log(`${id} was removed.`);
  const [, repo] = /^([^@\s]+\/[^@\s]+)@/.exec(source ?? '') ?? [];
  const { cache } = await readHubSettings();
  if (repo !== undefined) console.log(`What was downloaded for it is still in ${new CachedRepo(cache, repo).folder}.`);
}
