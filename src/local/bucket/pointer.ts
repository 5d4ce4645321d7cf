import { formatPointer, parsePointer, pointerKey } from '../../core/folder/stored-model.ts';
import type { Bucket } from './bucket.ts';

/**
 * The version of a model that is served; null if there is none, as in a bucket from before there were versions.
 * @throws GptEdgeError `invalid_file` if the pointer is damaged
 */
export async function readCurrent(bucket: Bucket, id: string): Promise<string | null> {
  const object = await bucket.get(pointerKey(id));
  return object && parsePointer(await object.text(), pointerKey(id));
}

/** Lets a version be served that is complete in the bucket. An object is replaced as a whole, and so is the pointer. */
export async function movePointer(bucket: Bucket, id: string, version: string): Promise<void> {
  await bucket.put(pointerKey(id), new TextEncoder().encode(formatPointer(version)));
}
