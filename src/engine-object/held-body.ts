import { bodyTooSlow, MAX_BODY_BYTES, MAX_BODY_MS, tooLarge, unreadableBody } from '../api/http/json-body.ts';
import { GptEdgeError } from '../core/errors.ts';
import { steadyNow } from '../core/steady-clock.ts';
import { within } from '../core/within.ts';

/** Bytes of a body that are held, so that it can be sent again. Few prompts are longer. */
const HELD_BYTES = 2 ** 16;

/** A request's body, of which the beginning was read, and the rest is passed on as it comes. */
export class HeldBody {
  /** Whether it is held to its end, and so can be sent more than once. */
  isWhole = false;
  readonly #body: ReadableStream<Uint8Array> | null;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(body: ReadableStream<Uint8Array> | null) {
    this.#body = body;
    this.isWhole = body === null;
  }

  /** What is held, as text. A character that is cut at its end is replaced. */
  get text(): string {
    return new TextDecoder().decode(this.#joined());
  }

  /** Reads on until the beginning is held. */
  hold(): Promise<void> {
    return this.#read(HELD_BYTES);
  }

  /**
   * Reads on to the end.
   * @throws GptEdgeError `request_too_large` if it is longer than any request may be
   */
  async holdAll(): Promise<void> {
    await this.#read(MAX_BODY_BYTES + 1);
    if (!this.isWhole) throw tooLarge();
  }

  /** What is sent: all bytes if the body is held to its end, which can be sent again, and otherwise a stream. */
  send(): Uint8Array | ReadableStream<Uint8Array> | null {
    if (this.#body === null) return null;
    if (this.isWhole) return this.#joined();
    const { readable, writable } = new IdentityTransformStream();
    void this.#passOn(writable);
    return readable;
  }

  async #passOn(writable: WritableStream<Uint8Array>): Promise<void> {
    try {
      const writer = writable.getWriter();
      await writer.write(this.#joined());
      writer.releaseLock();
      await this.#body!.pipeTo(writable);
    } catch {
      // Whoever reads the stream sees it fail, and answers.
    }
  }

  async #read(bytes: number): Promise<void> {
    if (this.isWhole) return;
    const reader = this.#body!.getReader();
    const end = steadyNow() + MAX_BODY_MS;
    try {
      while (this.#length < bytes && !this.isWhole) {
        const { value, done } = await within(reader.read(), end - steadyNow(), bodyTooSlow);
        if (done) this.isWhole = true;
        else {
          this.#chunks.push(value);
          this.#length += value.length;
        }
      }
    } catch (cause) {
      throw cause instanceof GptEdgeError ? cause : unreadableBody(cause);
    } finally {
      reader.releaseLock();
    }
  }

  #joined(): Uint8Array {
    if (this.#chunks.length !== 1) {
      const joined = new Uint8Array(this.#length);
      let at = 0;
      for (const chunk of this.#chunks.splice(0)) {
        joined.set(chunk, at);
        at += chunk.length;
      }
      this.#chunks.push(joined);
    }
    return this.#chunks[0];
  }
}
