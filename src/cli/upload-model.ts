import { folderBytes } from '../core/folder/manifest.ts';
import type { ModelBucket } from '../local/bucket/model-bucket.ts';
import { pushModel } from '../local/bucket/push-model.ts';
import type { ModelFolder } from '../local/model-folder.ts';
import { ProgressBar } from './printing/progress-bar.ts';

/** Pushes a model folder with a progress bar, and says what was put. */
export async function uploadModel(folder: ModelFolder, target: ModelBucket): Promise<void> {
  const { id } = folder.manifest;
  const totalBytes = folderBytes(folder.manifest);
  const bar = new ProgressBar(`Uploading ${id}`);
  let sent = 0;
  const put = await pushModel(folder, target, (count) => {
    sent += count;
    bar.update(sent, totalBytes);
  }).finally(() => bar.stop());
  console.log(put.length > 0 ? `${id}: put ${put.join(', ')}.` : `${id}: nothing has changed.`);
}
