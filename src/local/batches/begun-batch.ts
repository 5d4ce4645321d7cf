import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { GptEdgeError } from '../../core/errors.ts';

/** What is kept of a batch that was begun, beside its results, so that the same command goes on with it. */
export interface BegunBatch {
  readonly id: string;
  /** Where it was begun. */
  readonly url: string;
  /** The SHA-256 of its input. */
  readonly input: string;
}

/** The file with what is kept, by that of the results. */
const noteOf = (output: string): string => `${output}.batch.json`;

/** The batch that was begun for the same results, of the same input, at the same place; undefined if there is none. */
export async function begunBatch(output: string, url: string, input: string): Promise<string | undefined> {
  const text = await readFile(noteOf(output), 'utf8').catch(() => undefined);
  const begun = text === undefined ? undefined : (JSON.parse(text) as BegunBatch);
  return begun?.url === url && begun.input === input ? begun.id : undefined;
}

export const noteBegun = (output: string, begun: BegunBatch): Promise<void> => writeFile(noteOf(output), `${JSON.stringify(begun)}\n`);

export const forgetBegun = (output: string): Promise<void> => rm(noteOf(output), { force: true });

/** The SHA-256 of a file, in hexadecimal digits. @throws GptEdgeError `invalid_file` if it cannot be read */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (cause) {
    throw new GptEdgeError('invalid_file', `${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  return hash.digest('hex');
}

/** The endpoint that the first request of a file asks, and so all of them. @throws GptEdgeError `invalid_file` */
export async function endpointOf(path: string): Promise<string> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  try {
    for await (const line of lines) {
      if (line.trim() === '') continue;
      const { url } = JSON.parse(line) as { url?: unknown };
      if (typeof url === 'string') return url;
      break;
    }
  } catch (cause) {
    throw new GptEdgeError('invalid_file', `The first line of ${path} is no JSON.`, { cause });
  } finally {
    lines.close();
  }
  throw new GptEdgeError('invalid_file', `${path} has no request with a url in its first line.`);
}
