import { progress } from '@clack/prompts';

/** A bar of bytes on standard error, with their rate: drawn in a terminal, left out elsewhere. */
export class ProgressBar {
  readonly #title: string;
  readonly #started = performance.now();
  #bar: ReturnType<typeof progress> | undefined;
  #shown = 0;

  constructor(title: string) {
    this.#title = title;
  }

  update(bytes: number, totalBytes: number): void {
    if (!process.stderr.isTTY || totalBytes === 0) return;
    if (this.#bar === undefined) {
      this.#bar = progress({ max: totalBytes, size: 30, output: process.stderr, withGuide: false });
      this.#bar.start(this.#title);
    }
    const megabytes = (count: number) => (count / 1e6).toFixed(1);
    const seconds = (performance.now() - this.#started) / 1000;
    this.#bar.advance(
      bytes - this.#shown,
      `${this.#title}: ${megabytes(bytes)} of ${megabytes(totalBytes)} MB, ${megabytes(bytes / seconds)} MB/s`,
    );
    this.#shown = bytes;
  }

  stop(): void {
    this.#bar?.clear();
    this.#bar = undefined;
  }
}
