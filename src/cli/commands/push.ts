import { withLocalBucket } from '../../local/bucket/local-bucket.ts';
import { withRemoteBucket } from '../../local/bucket/remote-bucket.ts';
import { openModelFolder } from '../../local/model-folder.ts';
import { uploadModel } from '../upload-model.ts';

export interface PushOptions {
  remote?: boolean;
  persistTo: string;
}

/** Puts what has changed of a model folder into the local bucket, or into the real one. */
export async function push(path: string, { remote, persistTo }: PushOptions): Promise<void> {
  const folder = await openModelFolder(path);
  if (remote) await withRemoteBucket((models) => uploadModel(folder, models));
  else await withLocalBucket(persistTo, (models) => uploadModel(folder, models));
}
