import { GptEdgeError } from '../core/errors.ts';
import { steadyNow } from '../core/steady-clock.ts';
import type { BatchHandle, GroupMessage, GroupWork, LineGroup } from './batch-state.ts';
import type { FileStore } from './files/file-store.ts';
import { type RequestLine, readRequestLine } from './lines/request-line.ts';
import { type LineResult, writeResultLine } from './lines/result-line.ts';
import { textLines } from './lines/text-lines.ts';

/** Requests that are answered at a time. The engine computes what they have in common at once. */
const CONCURRENT_LINES = 16;
/**
 * Milliseconds after which a consumer begins no more requests and leaves the rest to another message: the platform ends
 * one that takes too long, and what it was at would be lost.
 */
const LONGEST_MS = 15_000;
/**
 * Deliveries of a message after which a failure counts as the request's result. The queue's `max_retries` must be
 * higher: beyond it, a message is a dead letter.
 */
export const MAX_ATTEMPTS = 6;
/** Seconds until a message that made no progress is delivered again, at first and at most. */
const BACKOFF_SECONDS = 2;
const MAX_BACKOFF_SECONDS = 300;
/** The end of the name of the queue with dead letters. */
const DEAD = '-dead';

/** Answers a request of a batch for its owner, as the API would have answered it. */
export type Answer = (request: Request, owner: string) => Promise<Response>;

export interface ConsumerParts {
  files: FileStore;
  /** A batch's object, which is asked for anew each time. */
  handle: (id: string) => BatchHandle;
  send: (message: GroupMessage, delaySeconds: number) => Promise<void>;
  answer: Answer;
}

/**
 * Takes messages from the queue of groups, or from that of dead letters. A message is acknowledged when all results are
 * kept that came of it, so whatever a crash loses is done again, and nothing else is.
 */
export async function consumeGroups({ queue, messages }: MessageBatch<GroupMessage>, parts: ConsumerParts): Promise<void> {
  const consume = queue.endsWith(DEAD) ? abandonGroup : answerGroup;
  await Promise.all(
    messages.map(async (message) => {
      try {
        await consume(message, parts);
        message.ack();
      } catch (error) {
        if (!(error instanceof TryLater)) console.error(error);
        message.retry({ delaySeconds: error instanceof TryLater ? error.seconds : backoff(message.attempts) });
      }
    }),
  );
}

/** Thrown where a message should be delivered again. */
class TryLater extends Error {
  readonly seconds: number;
  constructor(seconds: number) {
    super('The message is delivered again later.');
    this.seconds = seconds;
  }
}

const backoff = (attempts: number): number => Math.min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2 ** (attempts - 1));

/** Whoever could not deliver a group so often will not do so any more. */
async function abandonGroup({ body: { batch, first } }: Message<GroupMessage>, { handle }: ConsumerParts): Promise<void> {
  await handle(batch).abandon(first, 'The request failed each time that it was tried.');
}

async function answerGroup(message: Message<GroupMessage>, parts: ConsumerParts): Promise<void> {
  const { batch, first } = message.body;
  const work = await parts.handle(batch).begin(first);
  if (work === undefined) return;
  const run = new GroupRun(batch, work, parts, message.attempts >= MAX_ATTEMPTS);
  try {
    await run.answerAll();
  } finally {
    await parts.handle(batch).end(first, work.turn);
  }
  if (run.isOver || run.left === 0) return;
  // Requests of which some were answered are a new message, whose attempts count anew.
  if (run.answered === 0) throw new TryLater(Math.max(run.retrySeconds, backoff(message.attempts)));
  await parts.send(message.body, run.retrySeconds);
}

/** One delivery of a group. */
class GroupRun {
  /** Requests that this delivery has answered, and those that it leaves to another. */
  answered = 0;
  left: number;
  /** Seconds that the requests that were refused for now should wait. */
  retrySeconds = 0;
  /** Whether the batch has ended, or another consumer has taken the group over. */
  isOver = false;
  readonly #batch: string;
  readonly #work: GroupWork;
  readonly #parts: ConsumerParts;
  readonly #isLast: boolean;
  readonly #abort = new AbortController();
  readonly #started = steadyNow();

  constructor(batch: string, work: GroupWork, parts: ConsumerParts, isLast: boolean) {
    this.#batch = batch;
    this.#work = work;
    this.#parts = parts;
    this.#isLast = isLast;
    this.left = work.pending.length;
  }

  /** Answers several requests at a time. If one cannot be kept, the others still end. */
  async answerAll(): Promise<void> {
    const lines = await readLines(this.#work, this.#parts.files);
    const waiting = [...this.#work.pending];
    const goOn = async (): Promise<void> => {
      for (let index = waiting.shift(); index !== undefined && this.#hasTime; index = waiting.shift())
        await this.#answerOne(index, lines?.[index]);
    };
    const all = await Promise.allSettled(Array.from({ length: Math.min(CONCURRENT_LINES, waiting.length) }, goOn));
    const failed = all.find((end) => end.status === 'rejected');
    if (failed) throw failed.reason;
  }

  get #hasTime(): boolean {
    return !this.isOver && steadyNow() - this.#started < LONGEST_MS;
  }

  async #answerOne(index: number, line: RequestLine | undefined): Promise<void> {
    const result: LineResult | Postponed = line
      ? await this.#ask(line)
      : { code: 'file_not_found', message: 'The input file was deleted before the request was answered.' };
    if (this.isOver) return;
    if ('retrySeconds' in result) {
      this.retrySeconds = Math.max(this.retrySeconds, result.retrySeconds);
      return;
    }
    const { group, turn } = this.#work;
    const kept = writeResultLine(group.customIds[index], result);
    const goesOn = await this.#parts.handle(this.#batch).record(group.first, turn, group.first + index, kept);
    this.left--;
    this.answered++;
    if (goesOn) return;
    this.isOver = true;
    this.#abort.abort();
  }

  async #ask({ url, body }: RequestLine): Promise<LineResult | Postponed> {
    const headers = { 'content-type': 'application/json', 'x-request-id': crypto.randomUUID() };
    const init = { method: 'POST', headers, body: JSON.stringify(body), signal: this.#abort.signal };
    const response = await this.#parts.answer(new Request(new URL(url, 'http://batch'), init), this.#work.owner);
    const text = await response.text();
    if (!this.#isLast && isForNow(response)) return { retrySeconds: Number(response.headers.get('retry-after') ?? 0) || BACKOFF_SECONDS };
    return { status: response.status, requestId: response.headers.get('x-request-id') ?? headers['x-request-id'], body: toJson(text) };
  }
}

/** A request that was refused for now. */
interface Postponed {
  retrySeconds: number;
}

/** Whether the same request may be answered later. */
function isForNow({ status, headers }: Response): boolean {
  return (status === 429 || status >= 500) && headers.get('x-should-retry') !== 'false';
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The requests of a group; undefined if the file is there no more. */
async function readLines({ inputFileId, group }: GroupWork, files: FileStore): Promise<RequestLine[] | undefined> {
  try {
    const { body } = await files.open(inputFileId, rangeOf(group));
    const lines: RequestLine[] = [];
    for await (const line of textLines(body)) lines.push(readRequestLine(line));
    return lines;
  } catch (error) {
    if (error instanceof GptEdgeError && error.code === 'file_not_found') return undefined;
    throw error;
  }
}

const rangeOf = ({ start, bytes }: LineGroup) => ({ offset: start, length: bytes });
