import { GptEdgeError } from '../../core/errors.ts';
import { type Manifest, parseManifest } from '../../core/folder/manifest.ts';
import { versionIn, versionKey, versionPrefix } from '../../core/folder/stored-model.ts';
import type { Bucket } from './bucket.ts';
import { listObjects } from './list-objects.ts';
import { readCurrent } from './pointer.ts';

/** A version of a model in a bucket. */
export interface ModelVersion {
  version: string;
  /** When it was pushed last. */
  pushed: Date;
  isCurrent: boolean;
}

/** The versions of a model, the one that was pushed last first. */
export async function listVersions(bucket: Bucket, id: string): Promise<ModelVersion[]> {
  const current = await readCurrent(bucket, id);
  const versions = (await listObjects(bucket, versionPrefix(id))).flatMap(({ key, uploaded }) => {
    const version = versionIn(key);
    return version === undefined ? [] : [{ version, pushed: uploaded, isCurrent: version === current }];
  });
  return versions.sort((a, b) => b.pushed.getTime() - a.pushed.getTime());
}

/** Reads the manifest of a version. @throws GptEdgeError `invalid_file` */
export async function readVersion(bucket: Bucket, id: string, version: string): Promise<Manifest> {
  const key = versionKey(id, version);
  const object = await bucket.get(key);
  if (object === null) throw new GptEdgeError('invalid_file', `The bucket has no ${key}.`, { param: 'version' });
  return parseManifest(await object.text(), key);
}
