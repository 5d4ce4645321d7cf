import { fileKey, isUnversionedKey, modelPrefix, pointerKey, versionKey } from '../../core/folder/stored-model.ts';
import type { Bucket, StoredObject } from './bucket.ts';
import { deleteObjects, listObjects } from './list-objects.ts';
import { listVersions, readVersion } from './model-versions.ts';

/**
 * Hours for which what belongs to no version stays: a push that is under way has put its files, and not yet its
 * manifest.
 */
export const UNFINISHED_HOURS = 24;

/** What was deleted. */
export interface Pruned {
  versions: string[];
  bytes: number;
}

/**
 * Deletes the versions of a model that no pointer names, but for those that were pushed last, and the files that only
 * they have. A folder from before there were versions goes too. A model of which no version is served keeps all.
 * @param keep how many versions stay beside the current one
 * @param now in milliseconds since the epoch
 * @throws GptEdgeError `invalid_file` for a version whose manifest cannot be read. Nothing is then deleted
 */
export async function pruneModel(bucket: Bucket, id: string, keep: number, now = Date.now()): Promise<Pruned> {
  const versions = await listVersions(bucket, id);
  if (!versions.some(({ isCurrent }) => isCurrent)) return { versions: [], bytes: 0 };
  const dropped = versions.filter(({ isCurrent }) => !isCurrent).slice(keep);
  const kept = await keysOf(
    bucket,
    id,
    versions.filter((version) => !dropped.includes(version)),
  );
  const left = await keysOf(bucket, id, dropped);
  const isUnfinished = ({ uploaded }: StoredObject) => now - uploaded.getTime() <= UNFINISHED_HOURS * 3_600_000;
  const isDropped = (object: StoredObject) => left.has(object.key) || isUnversionedKey(id, object.key) || !isUnfinished(object);
  const objects = (await listObjects(bucket, modelPrefix(id))).filter(({ key }) => !kept.has(key) && key !== pointerKey(id));
  const deleted = objects.filter(isDropped);
  // Manifests go first, so that no version is listed without its files.
  await deleteObjects(
    bucket,
    dropped.map(({ version }) => versionKey(id, version)),
  );
  await deleteObjects(
    bucket,
    deleted.map(({ key }) => key),
  );
  return { versions: dropped.map(({ version }) => version), bytes: deleted.reduce((sum, { size }) => sum + size, 0) };
}

/** The keys of all objects of some versions. */
async function keysOf(bucket: Bucket, id: string, versions: readonly { version: string }[]): Promise<Set<string>> {
  const keys = new Set<string>();
  for (const { version } of versions) {
    keys.add(versionKey(id, version));
    const { files } = await readVersion(bucket, id, version);
    for (const { sha256 } of Object.values(files)) keys.add(fileKey(id, sha256));
  }
  return keys;
}
