import type { FileBucket, PartedUpload, UploadedPart } from './file-bucket.ts';

/** Bytes of a part. The bucket wants all parts but the last to have the same size, and at least 5 MiB. */
const PART_BYTES = 5 * 2 ** 20;

/**
 * Writes an object of unknown length into a bucket, and holds at most one part of it in memory. What fits one part is
 * put at once; more goes up in parts, and is there when all of it is.
 */
export class R2Writer {
  /** Bytes written so far. */
  bytes = 0;
  readonly #bucket: FileBucket;
  readonly #key: string;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #upload: PartedUpload | undefined;
  readonly #parts: UploadedPart[] = [];

  constructor(bucket: FileBucket, key: string) {
    this.#bucket = bucket;
    this.#key = key;
  }

  /** Adds bytes, which are copied only when they are sent, so the caller must leave them as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    this.bytes += bytes.length;
    for (let rest = bytes; rest.length > 0; ) {
      const taken = rest.subarray(0, PART_BYTES - this.#held);
      this.#chunks.push(taken);
      this.#held += taken.length;
      rest = rest.subarray(taken.length);
      if (this.#held === PART_BYTES) await this.#sendPart();
    }
  }

  /** Sends the rest. The object is there when this has resolved. */
  async finish(): Promise<void> {
    if (this.#upload === undefined) {
      await this.#bucket.put(this.#key, this.#take());
      return;
    }
    if (this.#held > 0) await this.#sendPart();
    await this.#upload.complete(this.#parts);
  }

  /** Leaves nothing of the object behind. */
  async abort(): Promise<void> {
    this.#chunks = [];
    await this.#upload?.abort();
  }

  async #sendPart(): Promise<void> {
    this.#upload ??= await this.#bucket.createMultipartUpload(this.#key);
    this.#parts.push(await this.#upload.uploadPart(this.#parts.length + 1, this.#take()));
  }

  #take(): Uint8Array {
    const whole = new Uint8Array(this.#held);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    this.#held = 0;
    return whole;
  }
}
