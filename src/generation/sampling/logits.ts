import { instantiateKernels } from '../../kernels/instantiate-kernels.ts';
import { FIRST_FREE_BYTE, WASM_PAGE_BYTES } from '../../kernels/kernels.ts';
import { VOCABULARY_BLOCK, type VocabularyKernels } from '../../kernels/vocabulary-kernels.ts';
import type { Cut } from './cut.ts';

/**
 * Room for one row of logits, its weights and ids chosen from it, and what sampling computes from them, in WebAssembly with SIMD: e^x of
 * 49,152 logits takes JavaScript a millisecond. 12 bytes for each token of the vocabulary, and 4 kB.
 *
 * One serves a whole model, all its requests in turn, because it is used synchronously: `load`, compute, take the results. Whoever awaits
 * finds another request's logits in it afterwards.
 */
export class VocabularyMath {
  readonly vocabularySize: number;
  /** [vocabularySize], to be processed in place. The memory does not grow, so the view stays valid; its content is the last `load`'s. */
  readonly logits: Float32Array<ArrayBuffer>;
  /** [vocabularySize]: what `exponentials` wrote last and `keepTo` left of it. */
  readonly weights: Float32Array<ArrayBuffer>;
  readonly #kernels: VocabularyKernels;
  readonly #width: number;
  readonly #addresses: { readonly logits: number; readonly weights: number; readonly ids: number };
  readonly #ids: Int32Array<ArrayBuffer>;

  /** @param compiled the kernels */
  static compiled(vocabularySize: number, compiled: WebAssembly.Module): VocabularyMath {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(VocabularyMath.bytes(vocabularySize) / WASM_PAGE_BYTES) });
    return new VocabularyMath(vocabularySize, instantiateKernels(compiled, memory), memory.buffer);
  }

  /** Bytes that the buffer needs. */
  static bytes(vocabularySize: number): number {
    return FIRST_FREE_BYTE + 3 * 4 * paddedWidth(vocabularySize);
  }

  /** @param kernels over `buffer` */
  constructor(vocabularySize: number, kernels: VocabularyKernels, buffer: ArrayBuffer) {
    this.vocabularySize = vocabularySize;
    this.#kernels = kernels;
    this.#width = paddedWidth(vocabularySize);
    const [logits, weights, ids] = [0, 1, 2].map((row) => FIRST_FREE_BYTE + row * 4 * this.#width);
    this.#addresses = { logits, weights, ids };
    new Float32Array(buffer, logits, this.#width).fill(Number.NEGATIVE_INFINITY, vocabularySize);
    this.logits = new Float32Array(buffer, logits, vocabularySize);
    this.weights = new Float32Array(buffer, weights, vocabularySize);
    this.#ids = new Int32Array(buffer, ids, this.#width);
  }

  /** Copies logits [vocabularySize]. */
  load(logits: Float32Array): void {
    this.logits.set(logits);
  }

  /** The token of the greatest logit, the lowest id of several. */
  best(): number {
    return this.#kernels.argmax(this.#addresses.logits, this.#width);
  }

  /**
   * Fills `weights` with e^((logit - the best token's) / temperature).
   * @param temperature above 0
   * @returns their sum
   */
  exponentials(temperature: number): number {
    const { logits, weights } = this.#addresses;
    return this.#kernels.exponentials(logits, weights, this.#width, this.logits[this.best()], finiteScale(temperature));
  }

  /** Sets the weights behind `cut` to 0. @returns the sum of the others */
  keepTo({ logit, id }: Cut): number {
    const { logits, weights } = this.#addresses;
    return this.#kernels.keepTo(logits, weights, this.#width, logit, Math.min(id, this.#width));
  }

  /** How many tokens have at least this logit, a float32. */
  countFrom(logit: number): number {
    return this.#kernels.countFrom(this.#addresses.logits, this.#width, logit);
  }

  /** The sum of the weights of the tokens that have at least this logit, a float32. */
  sumFrom(logit: number): number {
    return this.#kernels.sumFrom(this.#addresses.logits, this.#addresses.weights, this.#width, logit);
  }

  /** The tokens of logits that are at least `low` and below `high`, both float32, best first, of equal ones the lower id first. */
  ranked(low: number, high: number): number[] {
    const count = this.#kernels.gatherBetween(this.#addresses.logits, this.#width, low, high, this.#addresses.ids);
    const { logits } = this;
    return Array.from(this.#ids.subarray(0, count)).sort((a, b) => logits[b] - logits[a] || a - b);
  }

  /** The first token, in the order of ids, at which the weights' sum exceeds `part`; undefined where rounding left a sliver behind the last. */
  pick(part: number): number | undefined {
    const id = this.#kernels.pick(this.#addresses.weights, this.#width, part);
    return id === -1 ? undefined : id;
  }
}

/** The kernels take whole blocks; what fills up the last has logits of -Infinity. */
const paddedWidth = (vocabularySize: number): number => Math.ceil(vocabularySize / VOCABULARY_BLOCK) * VOCABULARY_BLOCK;

/** As a float32 neither infinite nor 0: the best token's difference, 0, or one of -Infinity, times that would be NaN. */
const finiteScale = (temperature: number): number => Math.max(2 ** -126, Math.min(2 ** 127, 1 / temperature));
