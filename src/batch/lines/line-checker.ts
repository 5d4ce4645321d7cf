import { excerpt } from '../../core/excerpt.ts';
import { LineFault } from './line-fault.ts';
import { type BatchEndpoint, type RequestLine, readRequestLine } from './request-line.ts';
import type { TextLine } from './text-lines.ts';

/** Checks the lines of an input file one by one, and together. */
export class LineChecker {
  readonly #maxLines: number;
  /** The line of each `custom_id`. */
  readonly #seen = new Map<string, number>();
  /** The endpoint that all lines ask, once there is one. */
  endpoint: BatchEndpoint | undefined;

  constructor(maxLines: number) {
    this.#maxLines = maxLines;
  }

  /** @throws LineFault */
  check(line: TextLine): RequestLine {
    const { number } = line;
    const request = readRequestLine(line);
    const { customId, url } = request;
    const earlier = this.#seen.get(customId);
    if (earlier !== undefined)
      throw new LineFault('duplicate_custom_id', number, `custom_id ${JSON.stringify(excerpt(customId))} is that of line ${earlier}, too.`);
    this.endpoint ??= url;
    if (url !== this.endpoint)
      throw new LineFault(
        'mismatched_endpoint',
        number,
        `url is ${url}, and that of the lines before is ${this.endpoint}: a batch has one.`,
      );
    this.#seen.set(customId, number);
    if (this.#seen.size > this.#maxLines)
      throw new LineFault('too_many_lines', number, `the file has more than ${this.#maxLines} requests.`);
    return request;
  }

  /** Says that there are no more lines. @throws LineFault if there was none */
  end(): void {
    if (this.#seen.size === 0) throw new LineFault('empty_file', null, 'The file has no requests.');
  }
}
