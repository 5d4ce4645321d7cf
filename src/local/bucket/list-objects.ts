import type { Bucket, StoredObject } from './bucket.ts';

/** All objects whose keys begin with `prefix`. */
export async function listObjects(bucket: Bucket, prefix: string): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, cursor });
    objects.push(...page.objects);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return objects;
}

/** The ids of all models in a bucket. */
export async function listModelIds(bucket: Bucket): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix: 'models/', delimiter: '/', cursor });
    ids.push(...page.delimitedPrefixes.map((prefix) => prefix.slice('models/'.length, -1)));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return ids;
}

/** Objects that R2 deletes in one call. */
const MAX_DELETED = 1000;

export async function deleteObjects(bucket: Bucket, keys: readonly string[]): Promise<void> {
  for (let start = 0; start < keys.length; start += MAX_DELETED) await bucket.delete(keys.slice(start, start + MAX_DELETED));
}
