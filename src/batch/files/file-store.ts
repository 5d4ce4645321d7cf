import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import { isId } from '../ids.ts';
import type { BucketEntry, ByteRange, FileBucket, StoredBytes } from './file-bucket.ts';
import { R2Writer } from './r2-writer.ts';

/** Files that one owner may have at a time. With the cap of a file's size it bounds what a key may store. */
const MAX_FILES = 1000;

/** What a file is for. Those of `batch_output` are written by batches alone. */
export type FilePurpose = 'batch' | 'batch_output';

/** What is known of a file beside its bytes. */
export interface StoredFile {
  id: string;
  name: string;
  purpose: FilePurpose;
  bytes: number;
  /** In milliseconds since the epoch, like `expires`. */
  created: number;
  /** When it is there no more. */
  expires: number;
}

const DAY_MS = 86_400_000;
/** How long a file is kept that says nothing else: as long as in OpenAI's API. */
export const KEPT_MS = 30 * DAY_MS;

/**
 * Files in a bucket, each with an owner. A file's bytes lie apart from its entry, which is written last: so a file is
 * there completely or not at all, and what it is for may be known only when its bytes have come.
 */
export class FileStore {
  readonly #bucket: FileBucket;

  constructor(bucket: FileBucket) {
    this.#bucket = bucket;
  }

  /** Begins to write a file's bytes. The file is there when `enter` has been called. */
  write = (id: string): R2Writer => new R2Writer(this.#bucket, bytesKey(id));

  /** Enters a file whose bytes are written. */
  async enter(owner: string, file: StoredFile): Promise<void> {
    await this.#bucket.put(entryKey(owner, file.id), '', { customMetadata: { file: encodeURIComponent(JSON.stringify(file)) } });
  }

  /** @throws GptEdgeError `invalid_value` if the owner has too many files for one more */
  async checkRoom(owner: string): Promise<void> {
    if ((await this.list(owner)).length >= MAX_FILES)
      throw new GptEdgeError('invalid_value', `You have ${MAX_FILES} files, and there may be no more. Delete some of them.`, {
        param: 'file',
      });
  }

  /** @throws GptEdgeError `file_not_found`, also for the file of another owner */
  async get(owner: string, id: string): Promise<StoredFile> {
    const entry = isId('file-', id) ? await this.#bucket.head(entryKey(owner, id)) : null;
    const file = entry && readEntry(entry);
    if (file && file.expires > Date.now()) return file;
    if (file) await this.#delete(owner, id);
    throw fileNotFound(id);
  }

  /** All files of an owner, the newest first. Those that have expired are deleted. */
  async list(owner: string): Promise<StoredFile[]> {
    const files: StoredFile[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#bucket.list({ prefix: entryKey(owner, ''), include: ['customMetadata'], cursor });
      files.push(...page.objects.map(readEntry));
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
    const now = Date.now();
    for (const { id } of files.filter(({ expires }) => expires <= now)) await this.#delete(owner, id);
    return files.filter(({ expires }) => expires > now);
  }

  /** @throws GptEdgeError `file_not_found` */
  async remove(owner: string, id: string): Promise<void> {
    await this.get(owner, id);
    await this.#delete(owner, id);
  }

  /**
   * The bytes of a file, or a part of them. Whoever asks has looked at its entry.
   * @throws GptEdgeError `file_not_found`
   */
  async open(id: string, range?: ByteRange): Promise<StoredBytes> {
    const object = await this.#bucket.get(bytesKey(id), range && { range });
    if (object === null) throw fileNotFound(id);
    return object;
  }

  /** The entry goes first, so that no file is seen without its bytes. */
  async #delete(owner: string, id: string): Promise<void> {
    await this.#bucket.delete(entryKey(owner, id));
    await this.#bucket.delete(bytesKey(id));
  }
}

const entryKey = (owner: string, id: string): string => `files/${owner}/${id}`;
const bytesKey = (id: string): string => `file-bytes/${id}`;

const readEntry = ({ customMetadata = {} }: BucketEntry): StoredFile => JSON.parse(decodeURIComponent(customMetadata.file)) as StoredFile;

const fileNotFound = (id: string) => new GptEdgeError('file_not_found', `There is no file ${excerpt(id)}.`);
