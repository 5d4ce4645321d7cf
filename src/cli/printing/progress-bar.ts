import { progress } from '@clack/prompts';

/** The unit that a progress bar counts in. */
export interface ProgressUnit {
  readonly name: string;
  /** How many of what is counted make one unit. */
  readonly size: number;
}

const MEGABYTES: ProgressUnit = { name: 'MB', size: 1e6 };

/**
 * A progress bar on standard error that shows bytes, or another unit, and their rate. It is drawn only if standard
 * error is a terminal.
 */
export class ProgressBar {
  readonly #title: string;
  readonly #unit: ProgressUnit;
  readonly #started = performance.now();
  #bar: ReturnType<typeof progress> | undefined;
  #shown = 0;

  constructor(title: string, unit: ProgressUnit = MEGABYTES) {
    this.#title = title;
    this.#unit = unit;
  }

  update(count: number, total: number): void {
    if (!process.stderr.isTTY || total === 0) return;
    if (this.#bar === undefined) {
      this.#bar = progress({ max: total, size: 30, output: process.stderr, withGuide: false });
      this.#bar.start(this.#title);
    }
    const { name, size } = this.#unit;
    const inUnits = (amount: number) => (amount / size).toFixed(1);
    const seconds = (performance.now() - this.#started) / 1000;
    this.#bar.advance(
      count - this.#shown,
      `${this.#title}: ${inUnits(count)} of ${inUnits(total)} ${name}, ${inUnits(count / seconds)} ${name}/s`,
    );
    this.#shown = count;
  }

  stop(): void {
    this.#bar?.clear();
    this.#bar = undefined;
  }
}
