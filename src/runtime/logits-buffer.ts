import type { Logits, Threshold } from '../core/logits.ts';
import { instantiateKernels } from '../kernels/instantiate-kernels.ts';
import { FIRST_FREE_BYTE, WASM_PAGE_BYTES } from '../kernels/kernels.ts';
import { paddedVocabulary, type VocabularyKernels } from '../kernels/vocabulary-kernels.ts';

/** What the kernels need besides a row of logits: [paddedVocabulary(vocabularySize)] each. */
export interface LogitsScratch {
  /** Address of float32 weights. */
  readonly weights: number;
  /** Address of int32 token ids. */
  readonly ids: number;
}

/**
 * The `Logits` of a decoder: kernels over whichever row of its memory was chosen last with `moveTo`. There is one for
 * a whole model, because logits are used synchronously, one row after another.
 */
export class LogitsBuffer implements Logits {
  readonly vocabularySize: number;
  readonly #kernels: VocabularyKernels;
  readonly #memory: { readonly buffer: ArrayBuffer };
  readonly #scratch: LogitsScratch;
  readonly #width: number;
  #row = 0;
  #values = new Float32Array();
  #weights = new Float32Array();
  #ids = new Int32Array();

  /**
   * @param kernels instantiated over `memory`
   * @param memory may grow between one `moveTo` and the next
   */
  constructor(vocabularySize: number, kernels: VocabularyKernels, memory: { readonly buffer: ArrayBuffer }, scratch: LogitsScratch) {
    this.vocabularySize = vocabularySize;
    this.#kernels = kernels;
    this.#memory = memory;
    this.#scratch = scratch;
    this.#width = paddedVocabulary(vocabularySize);
  }

  /** A buffer with a memory of its own for one row, for an engine whose memory the kernels cannot reach. */
  static allocate(vocabularySize: number, compiled: WebAssembly.Module): LogitsBuffer {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(LogitsBuffer.bytes(vocabularySize) / WASM_PAGE_BYTES) });
    return LogitsBuffer.alone(vocabularySize, instantiateKernels(compiled, memory), memory);
  }

  /** A buffer for one row in a memory of at least `bytes` that holds nothing else. */
  static alone(vocabularySize: number, kernels: VocabularyKernels, memory: { readonly buffer: ArrayBuffer }): LogitsBuffer {
    const [logits, weights, ids] = [0, 1, 2].map((part) => FIRST_FREE_BYTE + part * 4 * paddedVocabulary(vocabularySize));
    return new LogitsBuffer(vocabularySize, kernels, memory, { weights, ids }).moveTo(logits);
  }

  /** Bytes of a memory that holds one row and its scratch, and nothing else. */
  static bytes(vocabularySize: number): number {
    return FIRST_FREE_BYTE + 3 * 4 * paddedVocabulary(vocabularySize);
  }

  /**
   * Chooses the row at this address: float32 [paddedVocabulary(vocabularySize)], of which the part after the
   * vocabulary is overwritten.
   */
  moveTo(row: number): this {
    const { buffer } = this.#memory;
    this.#row = row;
    this.#values = new Float32Array(buffer, row, this.vocabularySize);
    // The kernels take whole blocks: padding that ranks last and weighs nothing changes no result.
    new Float32Array(buffer, row, this.#width).fill(Number.NEGATIVE_INFINITY, this.vocabularySize);
    // Growing a memory detaches the views on it.
    if (this.#weights.buffer !== buffer) {
      this.#weights = new Float32Array(buffer, this.#scratch.weights, this.vocabularySize);
      this.#ids = new Int32Array(buffer, this.#scratch.ids, this.#width);
    }
    return this;
  }

  /** Copies logits [vocabularySize] into the row. */
  load(values: Float32Array): this {
    this.#values.set(values);
    return this;
  }

  get values(): Float32Array {
    return this.#values;
  }

  get weights(): Float32Array {
    return this.#weights;
  }

  best(): number {
    return this.#kernels.argmax(this.#row, this.#width);
  }

  exponentials(temperature: number): number {
    const greatest = this.#values[this.best()];
    return this.#kernels.exponentials(this.#row, this.#scratch.weights, this.#width, greatest, finiteScale(temperature));
  }

  keepTo({ logit, id }: Threshold): number {
    return this.#kernels.keepTo(this.#row, this.#scratch.weights, this.#width, logit, Math.min(id, this.#width));
  }

  countFrom(logit: number): number {
    return this.#kernels.countFrom(this.#row, this.#width, logit);
  }

  sumFrom(logit: number): number {
    return this.#kernels.sumFrom(this.#row, this.#scratch.weights, this.#width, logit);
  }

  ranked(low: number, high: number): number[] {
    const count = this.#kernels.gatherBetween(this.#row, this.#width, low, high, this.#scratch.ids);
    const values = this.#values;
    return Array.from(this.#ids.subarray(0, count)).sort((a, b) => values[b] - values[a] || a - b);
  }

  pick(part: number): number | undefined {
    const id = this.#kernels.pick(this.#scratch.weights, this.#width, part);
    return id === -1 ? undefined : id;
  }
}

/** 1 / temperature as a finite float32 above 0: infinity or 0 times a difference of 0 or -Infinity would be NaN. */
const finiteScale = (temperature: number): number => Math.max(2 ** -126, Math.min(2 ** 127, 1 / temperature));
