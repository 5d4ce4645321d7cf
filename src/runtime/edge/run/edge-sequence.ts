import type { Sequence } from '../../../core/decoder.ts';
import { GptEdgeError } from '../../../core/errors.ts';
import type { EdgeModel } from './edge-model.ts';

/** A sequence whose KV cache lies in chunks of the engine's memory. */
export class EdgeSequence implements Sequence {
  readonly #model: EdgeModel;
  /** Apart from the sequence, so that the chunks can be given back when it is forgotten. */
  readonly #held: { readonly chunks: number[] };
  #length: number;
  /** Of one row, used anew by each call. */
  #logits: Float32Array | undefined;

  constructor(model: EdgeModel, chunks: number[] = [], length = 0) {
    this.#model = model;
    this.#held = { chunks };
    this.#length = length;
    model.forgotten.register(this, this.#held, this);
  }

  get length(): number {
    return this.#length;
  }

  async forward(tokens: readonly number[], rows = 1): Promise<Float32Array> {
    const { contextWindow, vocabularySize } = this.#model.plan.options;
    const length = this.#length + tokens.length;
    if (length > contextWindow)
      throw new GptEdgeError('context_length_exceeded', `The context window is ${contextWindow} tokens; ${length} were fed.`);
    this.#reserve(length);
    if (rows === 1) this.#logits ??= new Float32Array(vocabularySize);
    const logits = rows === 1 ? this.#logits! : new Float32Array(rows * vocabularySize);
    this.#model.run(tokens, this.#length, this.#held.chunks, logits);
    this.#length = length;
    return logits;
  }

  /** Full chunks are shared: no one writes them any more. The last one is copied. */
  fork(): Sequence {
    const { chunks: all, plan } = this.#model;
    const full = Math.floor(this.#length / plan.cache.blockPositions);
    const chunks = this.#held.chunks.slice(0, full);
    // First what may fail.
    if (this.#length > full * plan.cache.blockPositions) chunks.push(all.copy(this.#held.chunks[full]));
    for (const chunk of chunks.slice(0, full)) all.share(chunk);
    return new EdgeSequence(this.#model, chunks, this.#length);
  }

  dispose(): void {
    this.#model.forgotten.unregister(this);
    this.#model.chunks.releaseAll(this.#held.chunks);
    this.#length = 0;
  }

  /** Chunks for so many positions. One that does not get them all gets none. */
  #reserve(length: number): void {
    const { chunks } = this.#held;
    const before = chunks.length;
    try {
      while (chunks.length * this.#model.plan.cache.blockPositions < length) chunks.push(this.#model.chunks.take());
    } catch (error) {
      this.#model.chunks.releaseAll(chunks, before);
      throw error;
    }
  }
}
