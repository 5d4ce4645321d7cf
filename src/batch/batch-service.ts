import { GptEdgeError } from '../core/errors.ts';
import { excerpt } from '../core/excerpt.ts';
import { BatchIndex } from './batch-index.ts';
import type { BatchHandle, BatchOptions, BatchState } from './batch-state.ts';
import type { FileBucket } from './files/file-bucket.ts';
import { FileStore } from './files/file-store.ts';
import { isId, newId } from './ids.ts';

/** What one file may have. */
export interface FileCaps {
  /** Bytes of an upload. */
  maxBytes: number;
  /** Requests of an input file. */
  maxLines: number;
}

/**
 * The files and batches of a deployment, each with an owner. A batch's object knows all of it; which batches there are
 * and whose, the bucket knows, so an object is asked only if there is such a batch.
 */
export class BatchService {
  readonly files: FileStore;
  readonly caps: FileCaps;
  readonly #index: BatchIndex;
  readonly #handle: (id: string) => BatchHandle;

  /** @param handle a batch's object, which is asked for anew each time */
  constructor(bucket: FileBucket, handle: (id: string) => BatchHandle, caps: FileCaps) {
    this.files = new FileStore(bucket);
    this.caps = caps;
    this.#index = new BatchIndex(bucket);
    this.#handle = handle;
  }

  /** @throws GptEdgeError `file_not_found`, or `invalid_value` if the file is not one of requests */
  async create(options: Omit<BatchOptions, 'id' | 'maxLines'>): Promise<BatchState> {
    const { purpose } = await this.files.get(options.owner, options.inputFileId);
    if (purpose !== 'batch')
      throw new GptEdgeError('invalid_value', `Invalid input_file_id: the purpose of the file is ${purpose}, not batch.`, {
        param: 'input_file_id',
      });
    const id = newId('batch_');
    await this.#index.enter(options.owner, id);
    return this.#handle(id).create({ ...options, id, maxLines: this.caps.maxLines });
  }

  /** @throws GptEdgeError `batch_not_found`, also for the batch of another owner */
  async get(owner: string, id: string): Promise<BatchState> {
    await this.#check(owner, id);
    return (await this.#handle(id).describe()) ?? batchNotFound(id);
  }

  /** @throws GptEdgeError `batch_not_found`, or `invalid_value` if the batch has ended */
  async cancel(owner: string, id: string): Promise<BatchState> {
    await this.#check(owner, id);
    const state = (await this.#handle(id).cancel()) ?? batchNotFound(id);
    if (state.status === 'cancelling' || state.status === 'cancelled') return state;
    throw new GptEdgeError('invalid_value', `The batch ${id} cannot be cancelled any more: it is ${state.status}.`);
  }

  /**
   * Batches of an owner, the newest first.
   * @param after the id of the one before the first
   */
  async list(owner: string, limit: number, after?: string): Promise<{ batches: BatchState[]; hasMore: boolean }> {
    if (after !== undefined) await this.#check(owner, after);
    const { batches, hasMore } = await this.#index.list(owner, limit, after);
    const states = await Promise.all(batches.map(({ id, state }) => state ?? this.#handle(id).describe()));
    return { batches: states.filter((state) => state !== undefined), hasMore };
  }

  async #check(owner: string, id: string): Promise<void> {
    if (!isId('batch_', id) || !(await this.#index.has(owner, id))) batchNotFound(id);
  }
}

function batchNotFound(id: string): never {
  throw new GptEdgeError('batch_not_found', `There is no batch ${excerpt(id)}.`);
}
