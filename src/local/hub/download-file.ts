import type { Hash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { downloadFile } from '@huggingface/hub';
import { GptEdgeError } from '../../core/errors.ts';
import { withFileLock } from '../file-lock.ts';
import { beginHash } from './digest.ts';
import type { HubFile } from './hub-cache.ts';
import { type HubEndpoint, hubFetch } from './hub-fetch.ts';

/** A file to download, and where to. */
export interface Download {
  readonly endpoint: HubEndpoint;
  readonly repo: string;
  readonly commit: string;
  readonly file: HubFile;
  /** Where it lies when it is complete. What has come of it before lies beside it, as `<path>.incomplete`. */
  readonly path: string;
  readonly signal?: AbortSignal;
  /** Called with the number of bytes that have come since the last call, those of an earlier time included. */
  readonly onBytes?: (count: number) => void;
}

/** How often a transfer that broke off is continued without a single byte coming in between. */
const MAX_BREAKS = 5;
/** Bytes that are read from disk at a time in order to hash what has come before. */
const PIECE_BYTES = 2 ** 20;

/**
 * Downloads a file of the hub, unless it is there already. What comes is written at once, so that a transfer that breaks
 * off, in this process or an earlier one, continues where it ended. The hub's hash is checked in every case.
 * @throws GptEdgeError `command_failed` if the hub cannot be reached, refuses, or sends something other than it states;
 *   and the reason of `signal`
 */
export async function downloadVerified(download: Download): Promise<void> {
  await mkdir(dirname(download.path), { recursive: true });
  // Hugging Face's other tools lock a file of another name; they and gpt-edge would overwrite each other's pieces, which
  // the hash notices.
  await withFileLock(`${download.path}.gpt-edge-lock`, async () => {
    if (await isComplete(download)) return;
    const hadPieces = await transfer(download);
    if (hadPieces === 'whole') return;
    // The pieces from an earlier time were not those of this file.
    if (hadPieces === 'mended' && (await transfer(download)) === 'whole') return;
    throw new GptEdgeError(
      'command_failed',
      `${download.repo}: ${download.file.path} is not what the hub states: its hash is wrong. What came was removed; try again.`,
    );
  });
}

async function isComplete({ file, path, onBytes }: Download): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found?.size !== file.bytes) return false;
  const hash = beginHash(file.digest, file.bytes);
  await hashFirst(path, file.bytes, hash);
  const isRight = hash.digest('hex') === file.digest.hex;
  if (isRight) onBytes?.(file.bytes);
  return isRight;
}

/**
 * Brings a file to its end.
 * @returns `whole`, or, if the hash is wrong, whether that may be the fault of pieces from an earlier time (`mended`, since
 *   they were removed)
 */
async function transfer(download: Download): Promise<'whole' | 'mended' | 'wrong'> {
  const { file, path, onBytes } = download;
  const incomplete = `${path}.incomplete`;
  const before = (await stat(incomplete).catch(() => undefined))?.size ?? 0;
  const kept = before <= file.bytes ? before : 0;
  const hash = beginHash(file.digest, file.bytes);
  if (kept > 0) await hashFirst(incomplete, kept, hash);
  onBytes?.(kept);
  const handle = await open(incomplete, kept > 0 ? 'r+' : 'w');
  try {
    await receiveAll(download, kept, async (chunk, position) => {
      hash.update(chunk);
      for (let done = 0; done < chunk.length; )
        done += (await handle.write(chunk, done, chunk.length - done, position + done)).bytesWritten;
      onBytes?.(chunk.length);
    });
  } finally {
    await handle.close();
  }
  if (hash.digest('hex') === file.digest.hex) {
    await rename(incomplete, path);
    return 'whole';
  }
  await rm(incomplete, { force: true });
  onBytes?.(-file.bytes);
  return kept > 0 ? 'mended' : 'wrong';
}

/** Asks for the bytes from `start` on until all are there, and continues after each break. */
async function receiveAll(download: Download, start: number, write: (chunk: Uint8Array, position: number) => Promise<void>): Promise<void> {
  const { file, signal } = download;
  let position = start;
  for (let breaks = 0; position < file.bytes; ) {
    try {
      for await (const chunk of receive(download, position)) {
        if (position + chunk.length > file.bytes)
          throw new GptEdgeError(
            'command_failed',
            `${download.repo}: ${file.path} is longer than the ${file.bytes} bytes that the hub states.`,
          );
        await write(chunk, position);
        position += chunk.length;
        breaks = 0;
      }
      if (position < file.bytes) throw new Error('the transfer ended early');
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof GptEdgeError) throw cause;
      if (++breaks > MAX_BREAKS)
        throw new GptEdgeError(
          'command_failed',
          `${download.repo}: the transfer of ${file.path} broke off at byte ${position} of ${file.bytes} again and again. What came is kept; the same command continues there.`,
          { cause },
        );
    }
  }
}

/** Asks for a file's bytes from `position` on. */
async function* receive({ endpoint, repo, commit, file, signal }: Download, position: number): AsyncGenerator<Uint8Array> {
  const seen: { status?: number; error?: unknown } = {};
  const ask = hubFetch(endpoint, repo, signal);
  // The client's stream turns an error into its message, so the error itself is kept here.
  const watched = (async (...request: Parameters<typeof fetch>) => {
    try {
      const answer = await ask(...request);
      seen.status = answer.status;
      return answer;
    } catch (error) {
      seen.error = error;
      throw error;
    }
  }) as typeof fetch;
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  const url = `${endpoint.url}/${repo}/resolve/${commit}/${path}`;
  const blob = await downloadFile({
    repo: { type: 'model', name: repo },
    path: file.path,
    revision: commit,
    hubUrl: endpoint.url,
    ...(endpoint.accessToken === undefined ? {} : { accessToken: endpoint.accessToken }),
    fetch: watched,
    // The size and hash are known from the list of files. Over xet's own protocol, pieces of up to 256 MB are held.
    downloadInfo: { url, size: file.bytes, etag: file.digest.hex },
    xet: false,
  });
  try {
    let unwanted: number | undefined;
    for await (const chunk of blob!.slice(position).stream() as unknown as AsyncIterable<Uint8Array>) {
      // A server that knows no ranges sends everything again.
      unwanted ??= position > 0 && seen.status === 200 ? position : 0;
      const skipped = Math.min(unwanted, chunk.length);
      unwanted -= skipped;
      if (skipped < chunk.length) yield chunk.subarray(skipped);
    }
  } catch (error) {
    throw seen.error ?? error;
  }
}

/** Adds the first `bytes` bytes of a file to a hash. */
async function hashFirst(path: string, bytes: number, hash: Hash): Promise<void> {
  const handle = await open(path);
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let position = 0; position < bytes; ) {
      const { bytesRead } = await handle.read(piece, 0, Math.min(piece.length, bytes - position), position);
      if (bytesRead === 0) return;
      hash.update(piece.subarray(0, bytesRead));
      position += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
