import { GptEdgeError } from '../../core/errors.ts';

/** Bytes of a part's headers. Browsers and clients send some hundred. */
const MAX_HEADER_BYTES = 8192;
/** Bytes of a field that is no file. */
const MAX_FIELD_BYTES = 1024;

/** A part of a form: a field, or a file with its name. */
export interface FormPart {
  name: string;
  filename: string | undefined;
  /** The value's bytes, which must be read before the next part is asked for. */
  bytes: AsyncIterable<Uint8Array>;
}

const encoder = new TextEncoder();
const CRLF = encoder.encode('\r\n');
const HEADERS_END = encoder.encode('\r\n\r\n');

/**
 * Reads a form (multipart/form-data, RFC 7578) as it arrives. The platform's own reader holds the whole form in memory,
 * three times over.
 * @param contentType the header, which names the boundary
 * @throws GptEdgeError `unsupported_media_type`, or `invalid_value` for a form that is not well-formed
 */
export async function* formParts(stream: AsyncIterable<Uint8Array>, contentType: string): AsyncGenerator<FormPart> {
  const [, quoted, plain] = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined)
    throw new GptEdgeError('unsupported_media_type', 'The request body must be a form: multipart/form-data with a boundary.');
  const delimiter = encoder.encode(`\r\n--${boundary}`);
  const bytes = new ByteQueue(stream);
  // The first delimiter may stand at the very beginning.
  bytes.prepend(CRLF);
  for await (const _preamble of bytes.until(delimiter));
  while ((await bytes.take(2)) === '\r\n') {
    const disposition = dispositionIn(await textOf(bytes.until(HEADERS_END), MAX_HEADER_BYTES));
    yield { ...disposition, bytes: bytes.until(delimiter) };
  }
}

/** The text of a field. @throws GptEdgeError `invalid_value` */
export const fieldText = ({ bytes }: FormPart): Promise<string> => textOf(bytes, MAX_FIELD_BYTES);

async function textOf(bytes: AsyncIterable<Uint8Array>, most: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of bytes) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > most) throw malformed(`a field or a header has more than ${most} bytes`);
  }
  return text + decoder.decode();
}

function dispositionIn(headers: string): { name: string; filename: string | undefined } {
  const [, disposition] = /^content-disposition:\s*form-data\s*(;.*)$/im.exec(headers) ?? [];
  const name = disposition && parameter(disposition, 'name');
  if (name === undefined) throw malformed('a part has no name');
  return { name, filename: parameter(disposition, 'filename') };
}

/** Clients write a quote in a name as `%22`, or with a backslash. */
function parameter(disposition: string, name: string): string | undefined {
  const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(disposition) ?? [];
  return quoted?.replace(/\\(.)/g, '$1').replaceAll('%22', '"') ?? plain;
}

const malformed = (why: string) => new GptEdgeError('invalid_value', `The form in the request body is not well-formed: ${why}.`);

/** Bytes that arrive in chunks, read up to a delimiter. It holds a chunk, and what may be the delimiter's beginning. */
class ByteQueue {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  prepend(bytes: Uint8Array): void {
    this.#held = joined(bytes, this.#held);
  }

  /** The bytes before the next delimiter, which is taken too. */
  async *until(delimiter: Uint8Array): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = indexOf(this.#held, delimiter);
      const ready = this.#held.subarray(0, at === -1 ? Math.max(0, this.#held.length - delimiter.length + 1) : at);
      this.#held = this.#held.subarray(ready.length + (at === -1 ? 0 : delimiter.length));
      if (ready.length > 0) yield ready;
      if (at !== -1) return;
      await this.#more();
    }
  }

  /** The next bytes, as many as this. */
  async take(count: number): Promise<string> {
    while (this.#held.length < count) await this.#more();
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return new TextDecoder().decode(taken);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw malformed('it ends too early');
    this.#held = joined(this.#held, value);
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Where a text begins in bytes; -1 if it does not. Its first byte is a carriage return, which is rare in what is sent. */
function indexOf(bytes: Uint8Array, text: Uint8Array): number {
  for (let at = bytes.indexOf(text[0]); at !== -1; at = bytes.indexOf(text[0], at + 1))
    if (at + text.length <= bytes.length && text.every((byte, index) => bytes[at + index] === byte)) return at;
  return -1;
}
