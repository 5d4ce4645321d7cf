import type { ModelBucket } from '../local/bucket/bucket.ts';
import type { ModelFolder } from '../local/model-folder.ts';
import { ProgressBar } from './printing/progress-bar.ts';

/** Pushes a model folder to a bucket with a progress bar, and prints which files were put there. */
export async function pushWithProgress(folder: ModelFolder, target: ModelBucket): Promise<void> {
  const { folderBytes } = await import('../core/folder/manifest.ts');
  const { pushModel } = await import('../local/bucket/push-model.ts');
  const { id } = folder.manifest;
  const totalBytes = folderBytes(folder.manifest);
  const bar = new ProgressBar(`Pushing ${id}`);
  let sent = 0;
  const put = await pushModel(folder, target, (count) => {
    sent += count;
    bar.update(sent, totalBytes);
  }).finally(() => bar.stop());
  console.log(put.length > 0 ? `${id}: put ${put.join(', ')}.` : `${id}: nothing has changed.`);
}
