import { type BatchState, hasEnded } from './batch-state.ts';
import type { BucketEntry, FileBucket } from './files/file-bucket.ts';

/** Characters of what is kept beside an entry. R2 takes 8,192 bytes of it, names included. */
const MAX_KEPT = 7500;

/** A batch of the index. */
export interface IndexedBatch {
  id: string;
  /** All that is known of one that has ended; undefined while only its object knows where it stands. */
  state: BatchState | undefined;
}

/**
 * Which batches there are, and whose: an entry for each in the bucket. When a batch has ended, its state is kept beside
 * the entry, so that a list of many is a read or two, and asks only the objects of those that run.
 */
export class BatchIndex {
  readonly #bucket: FileBucket;

  constructor(bucket: FileBucket) {
    this.#bucket = bucket;
  }

  async enter(owner: string, id: string): Promise<void> {
    await this.#bucket.put(keyOf(owner, id), '');
  }

  async has(owner: string, id: string): Promise<boolean> {
    return (await this.#bucket.head(keyOf(owner, id))) !== null;
  }

  /** Keeps the state of a batch that has ended. One with too much metadata is asked of its object each time. */
  async keep(state: BatchState): Promise<void> {
    const kept = encodeURIComponent(JSON.stringify(state));
    if (hasEnded(state) && kept.length <= MAX_KEPT)
      await this.#bucket.put(keyOf(state.owner, state.id), '', { customMetadata: { batch: kept } });
  }

  /**
   * Batches of an owner, the newest first.
   * @param after the id of the one before the first
   */
  async list(owner: string, limit: number, after?: string): Promise<{ batches: IndexedBatch[]; hasMore: boolean }> {
    const prefix = keyOf(owner, '');
    const entries: BucketEntry[] = [];
    let startAfter = after && keyOf(owner, after);
    // A page may have fewer entries than asked for, if much is kept beside them.
    for (let isWhole = false; !isWhole && entries.length <= limit; startAfter = entries.at(-1)?.key) {
      const page = await this.#bucket.list({ prefix, limit: limit + 1 - entries.length, startAfter, include: ['customMetadata'] });
      entries.push(...page.objects);
      isWhole = !page.truncated;
    }
    const batches = entries.slice(0, limit).map(({ key, customMetadata }) => ({
      id: key.slice(prefix.length),
      state: customMetadata?.batch === undefined ? undefined : (JSON.parse(decodeURIComponent(customMetadata.batch)) as BatchState),
    }));
    return { batches, hasMore: entries.length > limit };
  }
}

const keyOf = (owner: string, id: string): string => `batches/${owner}/${id}`;
