/** What a frame is, in its first byte. */
export const FRAME = {
  /** Status and headers of the client's answer, as JSON. */
  head: 1,
  /** What the client gets next, and notes. */
  data: 2,
  /** Notes alone. */
  note: 3,
  /** The slice has ended, and the answer has not; with notes. */
  slice: 4,
  /** The answer has ended. */
  end: 5,
  /** What the client gets last. */
  last: 6,
} as const;

type FrameType = (typeof FRAME)[keyof typeof FRAME];

/** What an object sends its front: something for the client, and beside it notes, which the front keeps as they are. */
export interface Frame {
  readonly type: FrameType;
  readonly note: Uint8Array;
  readonly data: Uint8Array;
}

/** The type, and the lengths of note and data: 32 bits each, little-endian. */
const HEAD_BYTES = 9;
/** More than any frame: its data is an event or a piece of JSON, and its note the tokens of one slice. */
const MAX_FRAME_BYTES = 2 ** 26;

const encoder = new TextEncoder();

/** Writes a frame. A note is anything that JSON can hold; an empty object is none. */
export function frameOf(type: FrameType, data: Uint8Array | string = '', note: object = {}): Uint8Array {
  const dataBytes = typeof data === 'string' ? encoder.encode(data) : data;
  const noteBytes = encoder.encode(Object.keys(note).length === 0 ? '' : JSON.stringify(note));
  const frame = new Uint8Array(HEAD_BYTES + noteBytes.length + dataBytes.length);
  const view = new DataView(frame.buffer);
  frame[0] = type;
  view.setUint32(1, noteBytes.length, true);
  view.setUint32(5, dataBytes.length, true);
  frame.set(noteBytes, HEAD_BYTES);
  frame.set(dataBytes, HEAD_BYTES + noteBytes.length);
  return frame;
}

/** Finds the frames in bytes that arrive in pieces. */
export class FrameReader {
  #rest = new Uint8Array();

  /**
   * Takes the next piece.
   * @returns the frames that it completes
   * @throws Error for what cannot be a frame
   */
  push(piece: Uint8Array): Frame[] {
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const frames: Frame[] = [];
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + at);
      const noteEnd = at + HEAD_BYTES + view.getUint32(1, true);
      const end = noteEnd + view.getUint32(5, true);
      if (end - at > MAX_FRAME_BYTES) throw new Error('an engine object has sent what is no frame');
      if (end > bytes.length) break;
      frames.push({ type: bytes[at] as FrameType, note: bytes.subarray(at + HEAD_BYTES, noteEnd), data: bytes.subarray(noteEnd, end) });
      at = end;
    }
    this.#rest = bytes.slice(at);
    return frames;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
