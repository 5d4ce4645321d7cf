import { PAGE_POSITIONS } from '../../kernels/attention-layouts.ts';
import type { Sequence } from '../../model/decoder.ts';
import { GptEdgeError } from '../../model/errors.ts';
import type { EdgeModel } from './edge-model.ts';

/** A sequence whose KV cache lies in the engine's pages. */
export class EdgeSequence implements Sequence {
  readonly #model: EdgeModel;
  /** Apart from the sequence, so that the pages can be given back when it is forgotten. */
  readonly #held: { readonly pages: number[] };
  #length: number;
  /** Of one row, used anew by each call. */
  #logits: Float32Array | undefined;

  constructor(model: EdgeModel, pages: number[] = [], length = 0) {
    this.#model = model;
    this.#held = { pages };
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
    this.#model.run(tokens, this.#length, this.#held.pages, logits);
    this.#length = length;
    return logits;
  }

  /** Full pages are shared: no one writes them any more. The last one is copied. */
  fork(): Sequence {
    const { pages: all } = this.#model;
    const full = Math.floor(this.#length / PAGE_POSITIONS);
    const pages = this.#held.pages.slice(0, full);
    for (const page of pages) all.share(page);
    if (this.#length > full * PAGE_POSITIONS) pages.push(all.copy(this.#held.pages[full]));
    return new EdgeSequence(this.#model, pages, this.#length);
  }

  dispose(): void {
    this.#model.forgotten.unregister(this);
    this.#model.pages.releaseAll(this.#held.pages);
    this.#length = 0;
  }

  /** Pages for so many positions. One that does not get them all gets none. */
  #reserve(length: number): void {
    const { pages } = this.#held;
    const before = pages.length;
    try {
      while (pages.length * PAGE_POSITIONS < length) pages.push(this.#model.pages.take());
    } catch (error) {
      this.#model.pages.releaseAll(pages, before);
      throw error;
    }
  }
}
