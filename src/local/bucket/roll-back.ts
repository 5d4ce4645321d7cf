import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import { fileKey } from '../../core/folder/stored-model.ts';
import type { Bucket } from './bucket.ts';
import { listVersions, type ModelVersion, readVersion } from './model-versions.ts';
import { movePointer } from './pointer.ts';

/** The version that is served now, and the one that was. */
export interface RolledBack {
  version: string;
  former: string;
}

/**
 * Moves a model's pointer back.
 * @param asked the beginning of a version's name. Default: the version that was pushed before the current one
 * @throws GptEdgeError `invalid_value` if there is no such version, or more than one; `command_failed` if some of its
 *   files are missing. The pointer then stays where it is
 */
export async function rollBack(bucket: Bucket, id: string, asked?: string): Promise<RolledBack> {
  const versions = await listVersions(bucket, id);
  const former = versions.find(({ isCurrent }) => isCurrent);
  if (former === undefined) throw refusal(`The bucket has no version of ${excerpt(id)} that is served. gpt-edge push puts one there.`);
  const { version } = asked === undefined ? versionBefore(versions, former, id) : versionNamed(versions, asked, id);
  const { files } = await readVersion(bucket, id, version);
  for (const [name, { sha256, bytes }] of Object.entries(files))
    if ((await bucket.head(fileKey(id, sha256)))?.size !== bytes)
      throw new GptEdgeError('command_failed', `${name} of ${id}@${version} is not in the bucket as it was pushed. Push its folder again.`);
  await movePointer(bucket, id, version);
  return { version, former: former.version };
}

function versionBefore(versions: readonly ModelVersion[], current: ModelVersion, id: string): ModelVersion {
  const before = versions[versions.indexOf(current) + 1];
  if (before) return before;
  throw refusal(`No version of ${id} was pushed before ${current.version}. gpt-edge versions ${id} lists those that are there.`);
}

function versionNamed(versions: readonly ModelVersion[], asked: string, id: string): ModelVersion {
  const found = versions.filter(({ version }) => version.startsWith(asked));
  if (found.length === 1) return found[0];
  const there = versions.map(({ version }) => version).join(', ');
  const problem = found.length === 0 ? 'has no version' : 'has several versions that begin with';
  throw refusal(`${id} ${problem} ${JSON.stringify(excerpt(asked))}. There are ${there}.`);
}

const refusal = (message: string): GptEdgeError => new GptEdgeError('invalid_value', message, { param: 'version' });
