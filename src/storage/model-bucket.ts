import { STORAGE_SILENCE_MS } from '../core/limits.ts';
import { within } from '../core/within.ts';

/** What models need of an R2 bucket. */
export interface ModelBucket {
  get(key: string, options?: { range: { offset: number; length: number } }): Promise<ModelObject | null>;
  head(key: string): Promise<StoredObject | null>;
}

export interface StoredObject {
  readonly size: number;
  readonly uploaded: Date;
  readonly customMetadata?: Record<string, string>;
}

export interface ModelObject extends StoredObject {
  readonly body: { getReader(options: { mode: 'byob' }): BodyReader };
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface BodyReader {
  readAtLeast(count: number, view: Uint8Array<ArrayBuffer>): Promise<{ value?: Uint8Array<ArrayBuffer>; done: boolean }>;
  cancel(reason?: unknown): Promise<void>;
}

/**
 * A bucket of models that answers in time, or not at all: what has not come for so long, of an answer or of the next bytes
 * of a body, is an error, as whatever else the bucket fails to do. Bodies are read into the caller's buffers, as before.
 */
export function modelBucketInTime(bucket: ModelBucket, silenceMs = STORAGE_SILENCE_MS): ModelBucket {
  const owed = <T>(promise: Promise<T>): Promise<T> =>
    within(promise, silenceMs, () => new Error(`the bucket has not answered for ${silenceMs / 1000} s`));
  return {
    head: (key) => owed(bucket.head(key)),
    async get(key, options) {
      const object = await owed(options ? bucket.get(key, options) : bucket.get(key));
      if (object === null) return null;
      const { size, uploaded, customMetadata } = object;
      const getReader = (mode: { mode: 'byob' }): BodyReader => {
        const reader = object.body.getReader(mode);
        const readAtLeast: BodyReader['readAtLeast'] = (count, view) =>
          owed(reader.readAtLeast(count, view)).catch((error) => {
            // Nobody reads on. What comes all the same is dropped.
            reader.cancel(error).catch(() => {});
            throw error;
          });
        return { readAtLeast, cancel: (reason) => reader.cancel(reason) };
      };
      const [text, arrayBuffer] = [() => owed(object.text()), () => owed(object.arrayBuffer())];
      return { size, uploaded, customMetadata, body: { getReader }, text, arrayBuffer };
    },
  };
}
