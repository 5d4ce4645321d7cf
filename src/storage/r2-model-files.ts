import { GptEdgeError } from '../core/errors.ts';
import { CHUNK_BYTES, type Manifest, type ManifestFile, parseManifest } from '../core/folder/manifest.ts';
import { type ModelFiles, PIECE_BYTES } from '../core/folder/model-files.ts';
import { fileKey, unversionedKey, versionedId, versionKey, versionOf } from '../core/folder/stored-model.ts';
import { MAX_CONFIG_BYTES, STORAGE_SILENCE_MS } from '../core/limits.ts';
import { visitEventLoop } from '../core/visit-event-loop.ts';
import { readPointer } from './current-versions.ts';
import { readable, unavailable } from './readable.ts';
import { sha256, toHex } from './sha256.ts';

/**
 * How many chunks of a file that is read as a whole are read at the same time. Each read holds a chunk in memory, in
 * addition to the file that is being assembled. Reading more of them at a time is no faster.
 */
const PARALLEL_READS = 4;

/** Bytes that are read, checked and used in a turn, of 40 to 100 ms. A multiple of the bytes of a piece. */
const TURN_BYTES = 4 * PIECE_BYTES;

/** Is called when another `count` bytes of the file `name` have been read. */
type OnBytes = (count: number, name: string) => void;

export interface OpenOptions {
  /** Is called for each chunk that has been read, to show progress. */
  readonly onBytes?: OnBytes;
  /** The version to open; null for a folder that was pushed before there were versions. @default the current one */
  readonly version?: string | null;
  /** Milliseconds after which the bucket is given up. @default 30 s */
  readonly silenceMs?: number;
}

/**
 * A version of a model under `models/<id>/` in R2, which stays the same however often the model is pushed. Its files are
 * read in ranges of one chunk (4 MiB), and each chunk is checked against its SHA-256 in the manifest.
 * @example
 * const files = await R2ModelFiles.open(env.MODELS, 'tinystories-gpt2');
 * const tokenizer = await files.read('tokenizer.json');
 * for await (const piece of files.stream('model.onnx_data')) console.log(piece.length);
 */
export class R2ModelFiles implements ModelFiles {
  readonly manifest: Manifest;
  /** The beginning of the manifest's SHA-256. */
  readonly version: string;
  /** When the manifest was put into the bucket. */
  readonly uploaded: Date;
  readonly #bucket: R2Bucket;
  readonly #isVersioned: boolean;
  readonly #onBytes: OnBytes;
  readonly #silenceMs: number;

  private constructor(
    bucket: R2Bucket,
    stored: StoredManifest,
    { onBytes, silenceMs }: Required<Pick<OpenOptions, 'onBytes' | 'silenceMs'>>,
  ) {
    this.#bucket = bucket;
    this.#onBytes = onBytes;
    this.#silenceMs = silenceMs;
    this.#isVersioned = stored.isVersioned;
    this.manifest = stored.manifest;
    this.version = stored.version;
    this.uploaded = stored.uploaded;
  }

  /**
   * Opens a model by reading its manifest.
   * @throws GptEdgeError `model_not_found` if there is no manifest, `model_unavailable` if it cannot be read or is
   *   damaged
   */
  static async open(bucket: R2Bucket, id: string, options: OpenOptions = {}): Promise<R2ModelFiles> {
    const { onBytes = () => {}, silenceMs = STORAGE_SILENCE_MS } = options;
    const version = options.version === undefined ? await readPointer(bucket, id, silenceMs) : options.version;
    return new R2ModelFiles(bucket, await readManifest(bucket, id, version, silenceMs), { onBytes, silenceMs });
  }

  /**
   * Checks that the bucket has files of the sizes that the manifest states, without reading them.
   * @throws GptEdgeError `model_unavailable`, naming one that is missing or has another size
   */
  async checkStored(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const file = this.#file(name);
        this.#checkObject(await this.#readable(this.#bucket.head(this.#key(name, file)), name), name, file);
      }),
    );
  }

  /**
   * Reads the whole of one file.
   * @throws GptEdgeError `model_unavailable`, naming a file that is missing, damaged, or not in the manifest
   */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const file = this.#file(name);
    if (file.bytes > 0 && file.bytes <= CHUNK_BYTES) return this.#readChunk(name, file, 0);
    const whole = new Uint8Array(file.bytes);
    const offsets = Array.from({ length: Math.ceil(file.bytes / CHUNK_BYTES) }, (_, index) => index * CHUNK_BYTES).values();
    // The readers share one iterator: each takes the next offset from it.
    const reader = async () => {
      let buffer: ArrayBuffer | undefined;
      for (const offset of offsets) {
        const chunk = await this.#readChunk(name, file, offset, buffer);
        whole.set(chunk, offset);
        buffer = chunk.buffer;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, reader));
    return whole;
  }

  /**
   * Reads one file in order, in pieces that pass through two buffers: while one piece is used, the next one is read. The
   * next chunk is asked for meanwhile. A chunk is checked when its last piece has been used.
   * @throws GptEdgeError as `read`, at the latest at the end of the file
   */
  async *stream(name: string): AsyncGenerator<Uint8Array> {
    const file = this.#file(name);
    const open = (offset: number) => {
      const body = offset < file.bytes ? this.#openChunk(name, file, offset) : undefined;
      // An error is thrown when the body is awaited.
      body?.catch(() => {});
      return body;
    };
    const buffers = [new ArrayBuffer(PIECE_BYTES), new ArrayBuffer(PIECE_BYTES)];
    let next = open(0);
    for (let offset = 0; next !== undefined; offset += CHUNK_BYTES) {
      const body: ReadableStream = await next;
      next = open(offset + CHUNK_BYTES);
      yield* this.#pieces(body, name, file, offset, buffers);
    }
  }

  /** The pieces of one chunk. @param buffers two of them, which are detached and replaced */
  async *#pieces(
    body: ReadableStream,
    name: string,
    file: ManifestFile,
    offset: number,
    buffers: ArrayBuffer[],
  ): AsyncGenerator<Uint8Array> {
    const length = chunkLength(file, offset);
    const reader = body.getReader({ mode: 'byob' });
    const hash = new crypto.DigestStream('SHA-256');
    const hasher = hash.getWriter();
    const read = (start: number) => {
      const piece = start < length ? this.#read(reader, name, buffers.pop()!, Math.min(PIECE_BYTES, length - start)) : undefined;
      piece?.catch(() => {});
      return piece;
    };
    let next = read(0);
    for (let start = 0; next !== undefined; start += PIECE_BYTES) {
      const piece = await next;
      next = read(start + PIECE_BYTES);
      await hasher.write(piece);
      yield piece;
      buffers.push(piece.buffer);
      // Bytes that have arrived already would be taken without a pause.
      if ((start + PIECE_BYTES) % TURN_BYTES === 0) await visitEventLoop();
    }
    await hasher.close();
    this.#checkHash(toHex(await hash.digest), name, file, offset);
  }

  #file(name: string): ManifestFile {
    return this.manifest.files[name] ?? unavailable(this.#label(name), 'is not in the manifest');
  }

  /** @param buffer is detached, and its memory used for the chunk, if it is long enough */
  async #readChunk(name: string, file: ManifestFile, offset: number, buffer?: ArrayBuffer): Promise<Uint8Array<ArrayBuffer>> {
    const body = await this.#openChunk(name, file, offset);
    const length = chunkLength(file, offset);
    const room = buffer !== undefined && buffer.byteLength >= length ? buffer : new ArrayBuffer(length);
    const chunk = await this.#read(body.getReader({ mode: 'byob' }), name, room, length);
    this.#checkHash(await sha256(chunk), name, file, offset);
    return chunk;
  }

  /** Asks for a chunk, and checks what R2 says of its file. */
  async #openChunk(name: string, file: ManifestFile, offset: number): Promise<ReadableStream> {
    const range = { offset, length: chunkLength(file, offset) };
    const object = await this.#readable(this.#bucket.get(this.#key(name, file), { range }), name);
    this.#checkObject(object, name, file);
    return object.body;
  }

  /** Reads the next bytes of a file. What is no longer wanted after a failure goes on in its own buffer, and is dropped. */
  async #read(reader: ReadableStreamBYOBReader, name: string, buffer: ArrayBuffer, length: number): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.#readable(readInto(reader, buffer, length), name);
    } catch (error) {
      reader.cancel(error).catch(() => {});
      throw error;
    }
  }

  #readable<T>(owed: Promise<T>, name: string): Promise<T> {
    return readable(owed, this.#label(name), this.#silenceMs);
  }

  #checkObject<T extends R2Object>(object: T | null, name: string, file: ManifestFile): asserts object is T {
    if (object === null) return unavailable(this.#label(name), 'is missing from the bucket');
    if (object.size !== file.bytes) return unavailable(this.#label(name), `has ${object.size} bytes, ${file.bytes} expected`);
    // Before there were versions, files were replaced under their names, and `push` noted their hashes beside them.
    const noted = this.#isVersioned ? undefined : object.customMetadata?.sha256;
    if (noted !== undefined && noted !== file.sha256)
      return unavailable(this.#label(name), `has the SHA-256 ${noted}, ${file.sha256} expected`);
  }

  #key(name: string, { sha256 }: ManifestFile): string {
    const { id } = this.manifest;
    return this.#isVersioned ? fileKey(id, sha256) : unversionedKey(id, name);
  }

  /** A file in messages. */
  #label(name: string): string {
    const { id } = this.manifest;
    return this.#isVersioned ? `${name} of ${versionedId(id, this.version)}` : unversionedKey(id, name);
  }

  #checkHash(found: string, name: string, file: ManifestFile, offset: number): void {
    const length = chunkLength(file, offset);
    const expected = file.chunks?.[offset / CHUNK_BYTES] ?? file.sha256;
    if (found !== expected) unavailable(this.#label(name), `is damaged: SHA-256 differs in bytes ${offset} to ${offset + length}`);
    this.#onBytes(length, name);
  }
}

const chunkLength = (file: ManifestFile, offset: number): number => Math.min(CHUNK_BYTES, file.bytes - offset);

/**
 * Reads `length` bytes, or all that there are, into a buffer, which is detached.
 * @returns the bytes, in a new buffer of the same memory
 */
async function readInto(reader: ReadableStreamBYOBReader, buffer: ArrayBuffer, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const { value } = await reader.readAtLeast(length, new Uint8Array(buffer, 0, length));
  return value ?? new Uint8Array();
}

interface StoredManifest {
  readonly isVersioned: boolean;
  readonly manifest: Manifest;
  readonly version: string;
  readonly uploaded: Date;
}

async function readManifest(bucket: R2Bucket, id: string, version: string | null, silenceMs: number): Promise<StoredManifest> {
  const key = version === null ? unversionedKey(id, 'manifest.json') : versionKey(id, version);
  const object = await readable(bucket.get(key), key, silenceMs);
  if (object === null && version !== null) return unavailable(key, 'is missing from the bucket');
  if (object === null)
    throw new GptEdgeError('model_not_found', `The model ${id} is not in the bucket: gpt-edge push puts it there.`, { param: 'model' });
  if (object.size > MAX_CONFIG_BYTES) return unavailable(key, `has ${object.size} bytes, more than ${MAX_CONFIG_BYTES}`);
  const bytes = new Uint8Array(await readable(object.arrayBuffer(), key, silenceMs));
  const found = versionOf(await sha256(bytes));
  if (version !== null && found !== version) return unavailable(key, `is damaged: it is the manifest of ${found}`);
  return { isVersioned: version !== null, manifest: parseStored(bytes, key, id), version: found, uploaded: object.uploaded };
}

function parseStored(bytes: Uint8Array, key: string, id: string): Manifest {
  try {
    const manifest = parseManifest(new TextDecoder().decode(bytes), key);
    return manifest.id === id ? manifest : unavailable(key, `belongs to the model ${manifest.id}`);
  } catch (cause) {
    return unavailable(key, `is damaged: ${(cause as Error).message}`, cause);
  }
}
