import { LineFault } from './line-fault.ts';

/** Bytes of a line. A request's own body may have as many. */
export const MAX_LINE_BYTES = 2 ** 20;

/** A line of a file, and where it lies. */
export interface TextLine {
  /** From 1. Lines of white space alone are counted, but not given. */
  number: number;
  /** The offset of its first byte, and the one behind its last byte. */
  start: number;
  end: number;
  text: string;
}

const NEWLINE = 10;

/** Cuts bytes that arrive in chunks into lines. It holds no more than one line. */
export class LineCutter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  #chunks: Uint8Array[] = [];
  #held = 0;
  #number = 1;
  #start = 0;

  /** The lines that end in this chunk. @throws LineFault for a line that is too long or not UTF-8 */
  *push(chunk: Uint8Array): Generator<TextLine> {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      yield* this.#endLine(chunk.subarray(from, to), 1);
      from = to + 1;
    }
    this.#hold(chunk.slice(from));
  }

  /** The last line, if the file does not end with a newline. */
  *end(): Generator<TextLine> {
    if (this.#held > 0) yield* this.#endLine(new Uint8Array(), 0);
  }

  *#endLine(last: Uint8Array, newline: number): Generator<TextLine> {
    this.#hold(last);
    const [number, start, end] = [this.#number, this.#start, this.#start + this.#held];
    const text = this.#decode().trim();
    this.#chunks = [];
    this.#held = 0;
    this.#number++;
    this.#start = end + newline;
    if (text !== '') yield { number, start, end, text };
  }

  #hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#held += bytes.length;
    if (this.#held > MAX_LINE_BYTES) throw new LineFault('line_too_long', this.#number, `it has more than ${MAX_LINE_BYTES} bytes.`);
    this.#chunks.push(bytes);
  }

  #decode(): string {
    try {
      const text = this.#chunks.map((chunk) => this.#decoder.decode(chunk, { stream: true })).join('');
      return text + this.#decoder.decode();
    } catch {
      throw new LineFault('invalid_json_line', this.#number, 'it is not UTF-8.');
    }
  }
}

/** The lines of a stream. @throws LineFault */
export async function* textLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TextLine> {
  const cutter = new LineCutter();
  for await (const chunk of stream) yield* cutter.push(chunk);
  yield* cutter.end();
}
