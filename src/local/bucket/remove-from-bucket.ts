import { modelPrefix, pointerKey, unversionedKey } from '../../core/folder/stored-model.ts';
import type { Bucket } from './bucket.ts';
import { deleteObjects, listObjects } from './list-objects.ts';

/**
 * Removes a model from a bucket with all its versions, first what makes it a model. One that is not there is no error.
 */
export async function removeFromBucket(bucket: Bucket, id: string): Promise<void> {
  await deleteObjects(bucket, [pointerKey(id), unversionedKey(id, 'manifest.json')]);
  const objects = await listObjects(bucket, modelPrefix(id));
  await deleteObjects(
    bucket,
    objects.map(({ key }) => key),
  );
}
