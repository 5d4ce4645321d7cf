import { GptEdgeError } from '../../core/errors.ts';
import { STORAGE_SILENCE_MS } from '../../core/limits.ts';
import { within } from '../../core/within.ts';
import type { FileBucket, PartedUpload } from './file-bucket.ts';

/** Seconds after which a request may be tried again that the bucket has failed. */
const RETRY_SECONDS = 1;

/**
 * A bucket that answers in time, or not at all: what it fails to do, or has not done for so long, is the error
 * `storage_unavailable`, which says that the request may be sent again.
 * @example const files = new FileStore(bucketInTime(env.MODELS));
 */
export function bucketInTime(bucket: FileBucket, silenceMs = STORAGE_SILENCE_MS): FileBucket {
  const owed = <T>(promise: Promise<T>): Promise<T> => inTime(promise, silenceMs);
  return {
    put: (key, value, options) => owed(bucket.put(key, value, options)),
    head: (key) => owed(bucket.head(key)),
    list: (options) => owed(bucket.list(options)),
    delete: (key) => owed(bucket.delete(key)),
    async get(key, options) {
      const object = await owed(bucket.get(key, options));
      return object && { size: object.size, body: bodyInTime(object.body, silenceMs) };
    },
    async createMultipartUpload(key) {
      const upload = await owed(bucket.createMultipartUpload(key));
      return {
        uploadPart: (number, value) => owed(upload.uploadPart(number, value)),
        complete: (parts) => owed(upload.complete(parts)),
        abort: () => owed(upload.abort()),
      } satisfies PartedUpload;
    },
  };
}

function bodyInTime(body: ReadableStream<Uint8Array>, silenceMs: number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await inTime(reader.read(), silenceMs);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

function inTime<T>(owed: Promise<T>, silenceMs: number): Promise<T> {
  return within(owed, silenceMs, () => new Error(`the bucket has not answered for ${silenceMs} ms`)).catch((cause) => {
    throw new GptEdgeError('storage_unavailable', 'The storage of files does not answer at the moment. Try again.', {
      cause,
      retryAfterSeconds: RETRY_SECONDS,
    });
  });
}
