/**
 * A computation in steps. It yields where others may have their turn, and says each time how much it has done since:
 * the number of characters that take as long to encode.
 */
export type Steps<T> = Generator<number, T>;

/** Takes all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Characters of a step: a few milliseconds of work. */
const STEP_LENGTH = 2 ** 12;

/**
 * Counts work, so that many small pieces make a step together.
 * @example
 * if (pace.isDue(word.length)) yield pace.take();
 */
export class Pace {
  #done = 0;

  /** Counts what has been done, and answers whether it is time to yield. */
  isDue(characters: number): boolean {
    this.#done += characters;
    return this.#done >= STEP_LENGTH;
  }

  /** What has been done since the last call. */
  take(): number {
    const done = this.#done;
    this.#done = 0;
    return done;
  }
}
