import type { Sequence } from '../../core/decoder.ts';

/**
 * A prompt's sequence for as long as choices, or longer prompts, wait to go on from it. Each gets a fork of it, and the
 * last one the sequence itself, since nothing continues from it afterwards.
 */
export class Stem {
  #sequence: Sequence | null;
  #waiting: number;

  constructor(sequence: Sequence, waiting: number) {
    this.#sequence = sequence;
    this.#waiting = waiting;
    if (waiting === 0) this.release();
  }

  /** Null once the last one has it, or its room was given back; those that wait then compute their past themselves. */
  get sequence(): Sequence | null {
    return this.#sequence;
  }

  get hasOneLeft(): boolean {
    return this.#waiting === 1;
  }

  /** One waits no longer, because it has begun or ended. @param takes whether it goes on with the sequence itself */
  leave(takes: boolean): void {
    this.#waiting--;
    if (takes) this.#sequence = null;
    if (this.#waiting === 0) this.release();
  }

  /** Gives the room back. */
  release(): void {
    this.#sequence?.dispose();
    this.#sequence = null;
  }
}
