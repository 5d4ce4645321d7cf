import { readFile, stat } from 'node:fs/promises';
import { GptEdgeError } from '../../core/errors.ts';

/** Scoring so much text takes the smallest model days; a hundredth of it gives steady figures. */
const MAX_TEXT_BYTES = 64 * 2 ** 20;

/**
 * Reads a text file in UTF-8. A leading byte order mark belongs to the text.
 * @throws GptEdgeError `invalid_file` for a file that is missing, too large or not UTF-8
 */
export async function readText(path: string): Promise<string> {
  const fail = (problem: string, cause?: unknown) => new GptEdgeError('invalid_file', `${path} ${problem}`, { param: 'text', cause });
  const bytes = await readBounded(path, fail);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fail('is not UTF-8 text.', cause);
  }
}

async function readBounded(path: string, fail: (problem: string, cause?: unknown) => GptEdgeError): Promise<Uint8Array> {
  const { size } = await stat(path).catch((cause: Error) => {
    throw fail(`cannot be read: ${cause.message}`, cause);
  });
  if (size > MAX_TEXT_BYTES) throw fail(`has ${size} bytes, over the limit of ${MAX_TEXT_BYTES}.`);
  return readFile(path).catch((cause: Error) => {
    throw fail(`cannot be read: ${cause.message}`, cause);
  });
}
