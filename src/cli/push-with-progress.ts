import type { ModelBucket } from '../local/bucket/bucket.ts';
import type { ModelFolder } from '../local/model-folder.ts';
import { ProgressBar } from './printing/progress-bar.ts';

/** Pushes a model folder to a bucket with a progress bar, and prints which files were put there, and the version. */
export async function pushWithProgress(folder: ModelFolder, target: ModelBucket): Promise<void> {
  const { folderBytes } = await import('../core/folder/manifest.ts');
  const { pushModel } = await import('../local/bucket/push-model.ts');
  const { id } = folder.manifest;
  const totalBytes = folderBytes(folder.manifest);
  const bar = new ProgressBar(`Pushing ${id}`);
  let sent = 0;
  const { version, former, put } = await pushModel(folder, target, (count) => {
    sent += count;
    bar.update(sent, totalBytes);
  }).finally(() => bar.stop());
  const files = put.length > 0 ? `put ${put.join(', ')}` : 'all files are there';
  if (former === version && put.length === 0) console.log(`${id}: nothing has changed. The version is ${version}.`);
  else console.log(`${id}: ${files}. The version is ${version}${former === null || former === version ? '' : `, and was ${former}`}.`);
}
