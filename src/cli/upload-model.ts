import { folderBytes } from '../model/folder-bytes.ts';
import type { ModelBucket } from './model-bucket.ts';
import type { ModelFolder } from './model-folder.ts';
import { ProgressBar } from './progress-bar.ts';
import { pushModel } from './push-model.ts';

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
