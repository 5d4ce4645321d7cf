import type { AnswerSession, StoredEvent } from '../http/answer-session.ts';
import { ResponseBuilder, type ResponseChunk, type ResponseEvent } from './response-builder.ts';
import type { WireResponse } from './schemas/response-schema.ts';

/** Where responses are asked for. */
export const RESPONSES_PATH = '/v1/responses';

/** The id of an event of a stored response is its number. */
const NUMBER = /^\d{1,9}$/;

/** Whether a stored answer is a response. */
export const isResponse = ({ path }: Pick<AnswerSession, 'path'>): boolean => path.endsWith(RESPONSES_PATH);

/** Reads the id of an event. @returns null for what cannot be one */
export const parseEventNumber = (text: string): number | null => (NUMBER.test(text) ? Number(text) : null);

/** An event as the stream of a stored response has it. */
export const eventLines = (event: ResponseEvent, id = ''): string => `event: ${event.type}\n${id}data: ${JSON.stringify(event)}\n\n`;

/** Makes the response of which the chunks are stored. */
const builderOf = ({ id, opening }: AnswerSession): ResponseBuilder => new ResponseBuilder({ ...JSON.parse(opening!), id });

/** Writes the events of a stored response, made of the chunks that are stored. */
export class ResponseStream {
  readonly #builder: ResponseBuilder;
  #last: number;

  constructor(session: AnswerSession, after: string | undefined) {
    this.#builder = builderOf(session);
    this.#last = parseEventNumber(after ?? '') ?? -1;
  }

  get cursor(): string {
    return this.#last < 0 ? '' : String(this.#last);
  }

  begin(): string {
    return this.#lines(this.#builder.begin());
  }

  write({ data }: StoredEvent): string {
    return this.#lines(this.#builder.add(JSON.parse(data) as ResponseChunk));
  }

  end({ state, error }: Pick<AnswerSession, 'state' | 'error'>): string {
    return `${this.#lines(endOf(this.#builder, state, error))}data: [DONE]\n\n`;
  }

  #lines(events: readonly ResponseEvent[]): string {
    const next = events.filter(({ sequence_number }) => sequence_number > this.#last);
    this.#last = next.at(-1)?.sequence_number ?? this.#last;
    return next.map((event) => eventLines(event, `id: ${event.sequence_number}\n`)).join('');
  }
}

/** A stored response, as far as it is there. */
export function responseOf(session: AnswerSession): WireResponse {
  const builder = builderOf(session);
  builder.begin();
  for (const { data } of session.events) builder.add(JSON.parse(data) as ResponseChunk);
  if (session.state !== 'running') endOf(builder, session.state, session.error);
  return builder.response;
}

/** Ends a response as its stored answer has ended. */
function endOf(builder: ResponseBuilder, state: AnswerSession['state'], error: AnswerSession['error']): ResponseEvent[] {
  if (error) return builder.fail(error);
  return state === 'cancelled' ? builder.cancel() : builder.end();
}
