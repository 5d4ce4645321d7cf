import { parsePointer, pointerKey } from '../core/folder/stored-model.ts';
import { STORAGE_SILENCE_MS } from '../core/limits.ts';
import { readable, unavailable } from './readable.ts';

/**
 * Seconds for which a pointer that was read counts: so much later than it was moved, every isolate serves the new
 * version. A read costs 0.36 dollars a million, and so an isolate that is asked all day less than a cent.
 */
export const POINTER_SECONDS = 5;

/** Largest pointer that is read, in bytes. */
const MAX_POINTER_BYTES = 1000;

/** What was read of a pointer: the version, null if there is no pointer. */
interface Known {
  readonly version: string | null;
  /** Which read it was. */
  readonly read: number;
  /** When it was asked for last, in milliseconds. */
  asked: number;
}

/**
 * Knows which version of each model is current, by the pointers in the bucket. One request after the other reads them
 * again, when they have counted for POINTER_SECONDS.
 */
export class CurrentVersions {
  readonly #bucket: R2Bucket;
  readonly #milliseconds: number;
  readonly #silenceMs: number | undefined;
  readonly #onMove: (id: string, former: string | null, version: string | null) => void;
  readonly #known = new Map<string, Known>();
  #reads = 0;

  /** @param onMove is called when a pointer is found to have moved */
  constructor(
    bucket: R2Bucket,
    onMove: (id: string, former: string | null, version: string | null) => void,
    { seconds = POINTER_SECONDS, silenceMs }: { seconds?: number; silenceMs?: number } = {},
  ) {
    this.#bucket = bucket;
    this.#onMove = onMove;
    this.#milliseconds = seconds * 1000;
    this.#silenceMs = silenceMs;
  }

  /**
   * The current version of a model; null if it has none, since it was pushed before there were versions, or if it is not
   * there.
   * @throws GptEdgeError `model_unavailable` if the pointer cannot be read or is damaged, and none is known
   */
  async current(id: string): Promise<string | null> {
    const known = this.#known.get(id);
    if (known === undefined) return this.#read(id);
    // The clock may have been set back since.
    if (Math.abs(Date.now() - known.asked) < this.#milliseconds) return known.version;
    // Other requests go on with what is known, while this one reads.
    known.asked = Date.now();
    return this.#read(id).catch(() => known.version);
  }

  /** The version that was current when it was asked for last; undefined if nobody has asked. */
  known(id: string): string | null | undefined {
    return this.#known.get(id)?.version;
  }

  /** Whether the pointer names another version by now than this one, which could not be served. */
  async hasMoved(id: string, version: string | null): Promise<boolean> {
    return (await this.#read(id).catch(() => version)) !== version;
  }

  async #read(id: string): Promise<string | null> {
    const read = ++this.#reads;
    const found = await readPointer(this.#bucket, id, this.#silenceMs);
    const known = this.#known.get(id);
    // A later read may have ended before this one.
    if (known !== undefined && known.read > read) return known.version;
    // Who serves a version goes on with it if the model is taken out of the bucket.
    const version = found ?? known?.version ?? null;
    this.#known.set(id, { version, read, asked: Date.now() });
    if (known !== undefined && known.version !== version) this.#onMove(id, known.version, version);
    return version;
  }
}

/**
 * Reads which version of a model is current.
 * @returns null if there is no pointer
 * @throws GptEdgeError `model_unavailable`
 */
export async function readPointer(bucket: R2Bucket, id: string, silenceMs = STORAGE_SILENCE_MS): Promise<string | null> {
  const key = pointerKey(id);
  const object = await readable(bucket.get(key), key, silenceMs);
  if (object === null) return null;
  if (object.size > MAX_POINTER_BYTES) return unavailable(key, `has ${object.size} bytes, more than ${MAX_POINTER_BYTES}`);
  const text = await readable(object.text(), key, silenceMs);
  try {
    return parsePointer(text, key);
  } catch (cause) {
    return unavailable(key, 'cannot be read', cause);
  }
}
