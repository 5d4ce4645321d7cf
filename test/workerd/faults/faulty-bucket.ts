import { testEnv } from '../helpers.ts';

/** What a bucket may do wrong. */
export const FAULTS = [
  'refuses',
  'never answers',
  'has no such object',
  'breaks off in the body',
  'stalls in the body',
  'sends too little',
  'sends other bytes',
] as const;
export type Fault = (typeof FAULTS)[number];

/** The real bucket, which does something wrong with each key that it is told of, until it is mended. */
export class FaultyBucket {
  /** How many requests met the fault. */
  met = 0;
  /** Whether it refuses whatever it is asked. */
  refusesAll = false;
  #fault: Fault | 'is slow' | undefined;
  #isFaulty: (key: string, options?: R2GetOptions) => boolean = () => false;

  readonly bucket: R2Bucket = new Proxy(testEnv.MODELS, {
    get: (bucket, name) => {
      if (this.refusesAll) return () => Promise.reject(new Error(`${String(name)}: Unspecified error (0)`));
      if (name !== 'get') return Reflect.get(bucket, name).bind(bucket);
      return (key: string, options?: R2GetOptions) => this.#get(key, options);
    },
  });

  break(fault: Fault | 'is slow', isFaulty: (key: string, options?: R2GetOptions) => boolean): void {
    this.#fault = fault;
    this.#isFaulty = isFaulty;
    this.met = 0;
  }

  mend(): void {
    this.#fault = undefined;
  }

  async #get(key: string, options?: R2GetOptions): Promise<R2ObjectBody | null> {
    const get = () => (options ? testEnv.MODELS.get(key, options) : testEnv.MODELS.get(key)) as Promise<R2ObjectBody | null>;
    const fault = this.#fault;
    if (fault === undefined || !this.#isFaulty(key, options)) return get();
    this.met++;
    if (fault === 'refuses') throw new Error('get: We encountered an internal error. Please try again. (10001)');
    if (fault === 'never answers') return new Promise(() => {});
    if (fault === 'has no such object') return null;
    const object = await get();
    return object && withBody(object, fault);
  }
}

function withBody(object: R2ObjectBody, fault: Fault | 'is slow'): R2ObjectBody {
  const { readable, writable } = new IdentityTransformStream();
  void object.arrayBuffer().then((bytes) => sendWrongly(new Uint8Array(bytes), writable.getWriter(), fault));
  return new Proxy(object, {
    get: (real, name) => {
      if (name === 'body') return readable;
      if (name === 'arrayBuffer') return () => new Response(readable).arrayBuffer();
      return Reflect.get(real, name, real);
    },
  });
}

async function sendWrongly(bytes: Uint8Array, writer: WritableStreamDefaultWriter, fault: Fault | 'is slow'): Promise<void> {
  const half = bytes.length >> 1;
  if (fault === 'sends other bytes') bytes.fill(0xff, half, half + 8);
  const ends = fault === 'is slow' ? [half >> 2, half >> 1, half, bytes.length] : [half, bytes.length];
  try {
    for (let from = 0; ends.length > 0; ) {
      const to = ends.shift()!;
      if (fault === 'is slow') await new Promise((resolve) => setTimeout(resolve, 20));
      await writer.write(bytes.subarray(from, to));
      from = to;
      if (fault === 'stalls in the body') return;
      if (fault === 'breaks off in the body') return await writer.abort(new Error('Network connection lost.'));
      if (fault === 'sends too little') break;
    }
    await writer.close();
  } catch {
    // Whoever reads has had enough.
  }
}
