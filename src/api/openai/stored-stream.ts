import {
  type AnswerSession,
  advanced,
  formatCursor,
  isBehind,
  parseCursor,
  SESSION_BEGINNING,
  type SessionCursor,
  type StoredEvent,
} from '../http/answer-session.ts';
import { isResponse, ResponseStream } from './response-stream.ts';

/** Writes the stream of a stored answer, behind what its client has. */
export interface StoredStream {
  /** The id of the event that was written last, from which another stream can go on. */
  readonly cursor: string;
  /** What comes before the first event. */
  begin(): string;
  write(event: StoredEvent): string;
  /** What comes when the answer has ended. */
  end(state: Pick<AnswerSession, 'state' | 'error'>): string;
}

/** The stream of an answer, as the endpoint has it that was asked. @param after the id of the event that the client got last */
export const storedStream = (session: AnswerSession, after: string | undefined): StoredStream =>
  isResponse(session) ? new ResponseStream(session, after) : new ChunkStream(after);

/** The chunks of a completion or a chat. */
class ChunkStream implements StoredStream {
  #cursor: SessionCursor;

  constructor(after: string | undefined) {
    this.#cursor = parseCursor(after ?? '') ?? SESSION_BEGINNING;
  }

  get cursor(): string {
    return formatCursor(this.#cursor);
  }

  begin(): string {
    return '';
  }

  write(event: StoredEvent): string {
    if (!isBehind(event, this.#cursor)) return '';
    this.#cursor = advanced(this.#cursor, event);
    return `id: ${this.cursor}\ndata: ${event.data}\n\n`;
  }

  end({ error }: Pick<AnswerSession, 'error'>): string {
    return `data: ${error ? JSON.stringify({ error }) : '[DONE]'}\n\n`;
  }
}
