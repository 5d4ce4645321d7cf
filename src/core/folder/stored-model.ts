import { z } from 'zod';
import { GptEdgeError } from '../errors.ts';

/*
 * How a model lies in a bucket:
 *
 *   models/<id>/current.json               the pointer: which version is served
 *   models/<id>/versions/<version>.json    the manifest of a version
 *   models/<id>/files/<SHA-256>            a file, under its hash: versions share what they have in common
 *
 * A version is named by the beginning of its manifest's SHA-256, and the manifest has the SHA-256 of each file. So the
 * pointer determines every byte, and nothing but the pointer ever changes.
 */

/** Hexadecimal digits of a version. An operator can read them aloud, and a model never has so many versions that two meet. */
export const VERSION_LENGTH = 12;
const versionSchema = z.string().regex(new RegExp(`^[0-9a-f]{${VERSION_LENGTH}}$`), `a version in ${VERSION_LENGTH} hexadecimal digits`);
const pointerSchema = z.strictObject({ version: versionSchema });

export const modelPrefix = (id: string): string => `models/${id}/`;
export const pointerKey = (id: string): string => `${modelPrefix(id)}current.json`;
export const versionPrefix = (id: string): string => `${modelPrefix(id)}versions/`;
export const versionKey = (id: string, version: string): string => `${versionPrefix(id)}${version}.json`;
export const fileKey = (id: string, sha256: string): string => `${modelPrefix(id)}files/${sha256}`;

/** Where a manifest lay before there were versions, beside the files under their names. Such a folder is still read. */
export const unversionedKey = (id: string, name: string): string => `${modelPrefix(id)}${name}`;

/** Whether an object is of such a folder. */
export const isUnversionedKey = (id: string, key: string): boolean =>
  key !== pointerKey(id) && !key.startsWith(versionPrefix(id)) && !key.startsWith(fileKey(id, ''));

/** The name of the version that has this manifest. */
export const versionOf = (manifestSha256: string): string => manifestSha256.slice(0, VERSION_LENGTH);

/** The version that a key names; undefined if it is not the key of a version's manifest. */
export function versionIn(key: string): string | undefined {
  const name = /\/versions\/([^/]+)\.json$/.exec(key)?.[1];
  return versionSchema.safeParse(name).success ? name : undefined;
}

/** A model's version in messages, and as what it is held in memory: `id@version`, or the id alone before there were versions. */
export const versionedId = (id: string, version: string | null): string => (version === null ? id : `${id}@${version}`);

export const formatPointer = (version: string): string => `${JSON.stringify({ version })}\n`;

/**
 * Reads a pointer.
 * @param where names it in messages
 * @returns the version that it names
 * @throws GptEdgeError `invalid_file`
 */
export function parsePointer(text: string, where: string): string {
  const parsed = pointerSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.version;
  throw new GptEdgeError('invalid_file', `${where} names no version: ${parsed.error.issues[0].message}`, { param: where });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
