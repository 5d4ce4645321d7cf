import { GptEdgeError } from '../../core/errors.ts';

/** The small files of a source or a model folder: their bytes by name. */
export interface SmallFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads one of a source's JSON files. A file that is missing reads as an empty object: required files were checked when
 * the source was opened.
 * @throws GptEdgeError `invalid_file` if the file does not hold a JSON object
 */
export function readJson({ files }: SmallFiles, name: string): Record<string, unknown> {
  const bytes = files.get(name);
  if (!bytes) return {};
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new GptEdgeError('invalid_file', `${name}: is not JSON in UTF-8`, { param: name, cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new GptEdgeError('invalid_file', `${name}: is not a JSON object`, { param: name });
}

/** Returns the bytes of a JSON file as a model folder holds it. */
export function jsonBytes(json: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}
