import type { ModelFolder } from '../../src/local/model-folder.ts';
import { makeTask } from '../task.ts';
import type { Stream } from './loaded-worker.ts';

/** Prompts that have nothing in common, so that nothing computed before is found again. */
export class Prompts {
  readonly #tokens: readonly number[];
  #count = 0;

  constructor({ manifest }: ModelFolder) {
    this.#tokens = makeTask(manifest).tokens;
  }

  next(tokens: number): Stream {
    return { prompt: this.#take(16), tokens };
  }

  /** A prompt of 480 tokens, or as many as leave so much room in the context window. */
  long(room = 8): Stream {
    return { prompt: this.#take(Math.min(480, this.#tokens.length - room)), tokens: 1 };
  }

  #take(length: number): number[] {
    const start = 31 * ++this.#count;
    return Array.from({ length }, (_, index) => this.#tokens[(start + index * (1 + (start % 7))) % this.#tokens.length]);
  }
}
