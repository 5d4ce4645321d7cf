import { parseManifest } from '../../core/folder/manifest.ts';
import type { Bucket } from './bucket.ts';

/**
 * Removes a model from a bucket, the manifest first, without which it is no model. A model that is not there, or that is
 * damaged, is no error.
 */
export async function removeFromBucket(bucket: Bucket, id: string): Promise<void> {
  const key = (name: string) => `models/${id}/${name}`;
  const object = await bucket.get(key('manifest.json'));
  const text = await object?.text();
  await bucket.delete(key('manifest.json'));
  for (const name of namesIn(text)) await bucket.delete(key(name));
}

function namesIn(manifest: string | undefined): string[] {
  try {
    return manifest === undefined ? [] : Object.keys(parseManifest(manifest).files);
  } catch {
    return [];
  }
}
