import { DurableObject } from 'cloudflare:workers';
import { GptEdgeError } from '../core/errors.ts';
import { BatchIndex } from './batch-index.ts';
import {
  type BatchEnding,
  type BatchFault,
  type BatchHandle,
  type BatchOptions,
  type BatchState,
  type BatchStatus,
  type GroupMessage,
  type GroupWork,
  hasEnded,
} from './batch-state.ts';
import { BatchTable } from './batch-table.ts';
import { bucketInTime } from './files/bucket-in-time.ts';
import type { FileBucket } from './files/file-bucket.ts';
import { FileStore } from './files/file-store.ts';
import { newId } from './ids.ts';
import { LineFault } from './lines/line-fault.ts';
import { type ResultLine, writeResultLine } from './lines/result-line.ts';
import { readGroups } from './read-groups.ts';
import { writeResults } from './write-results.ts';

/** The only completion window, as in OpenAI's API. */
const WINDOW_MS = 24 * 3_600_000;
/** How long a group counts as being worked on after its consumer was last heard of. */
const TURN_MS = 120_000;
/**
 * After how long a batch looks whether it has come further, at first and at most. If not, its messages may be lost, as
 * those of a local queue are when it is stopped, and are sent again.
 */
const CHECK_MS = 60_000;
const MAX_CHECK_MS = 3_600_000;
/** How long a step that has failed waits before it is tried again, at first and at most. */
const RETRY_MS = 2000;
const MAX_RETRY_MS = 600_000;
/** Messages that a queue takes at a time. */
const MAX_MESSAGES = 100;

/** The bindings that batches need. */
export interface BatchBindings {
  /** The bucket with the files. */
  MODELS: R2Bucket;
  /** The objects of the batches. */
  BATCHES: DurableObjectNamespace;
  /** The queue with the groups of lines to answer. */
  BATCH_QUEUE: Queue<GroupMessage>;
}

/**
 * A batch: where it stands, which lines it has, and their results so far. Its methods do their work between two events,
 * in one go, so that of two results for a line one is kept. What takes longer (reading the input, sending messages,
 * writing the files) is done by its alarm, step by step: each step may end anywhere and be done again.
 */
export class BatchObject extends DurableObject<BatchBindings> implements BatchHandle {
  readonly #table: BatchTable;
  #state: BatchState | undefined;
  /** Steps in a row that have failed. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: BatchBindings) {
    super(ctx, env);
    this.#table = new BatchTable(ctx.storage.sql);
    this.#state = this.#table.readState();
    if (this.#state && !hasEnded(this.#state)) Object.assign(this.#state, this.#table.countResults());
  }

  async create(options: BatchOptions): Promise<BatchState> {
    if (this.#state) return this.#state;
    const created = Date.now();
    this.#table.create();
    this.#change({
      ...options,
      ...{ status: 'validating', created, expires: created + WINDOW_MS, at: { validating: created } },
      ...{ total: 0, completed: 0, failed: 0, faults: [], ending: null, outputFileId: null, errorFileId: null },
      ...{ sentThrough: -1, checks: 0, checked: 0, checkAt: 0 },
    } as BatchState & Progress);
    await this.#schedule();
    return this.#state!;
  }

  async describe(): Promise<BatchState | undefined> {
    return this.#state;
  }

  async cancel(): Promise<BatchState | undefined> {
    const state = this.#state;
    if (state === undefined || !['validating', 'in_progress'].includes(state.status)) return state;
    this.#enter('cancelling', { ending: 'cancelled' });
    await this.#schedule();
    return this.#state;
  }

  async begin(first: number): Promise<GroupWork | undefined> {
    const state = this.#state;
    if (state?.status !== 'in_progress' || state.expires <= Date.now()) return undefined;
    const group = this.#table.group(first);
    const pending = group ? this.#table.pending(group) : [];
    if (group === undefined || pending.length === 0) return undefined;
    const turn = this.#table.beginTurn(first, Date.now() + TURN_MS);
    return { owner: state.owner, inputFileId: state.inputFileId, group, pending, turn };
  }

  async record(first: number, turn: number, index: number, result: ResultLine): Promise<boolean> {
    const state = this.#state;
    // The files of a batch that ends are being written.
    if (state?.status !== 'in_progress' && state?.status !== 'cancelling') return false;
    const hasTurn = this.#table.keepTurn(first, turn, Date.now() + TURN_MS);
    this.#add(index, result);
    await this.#endIfDone();
    return hasTurn && this.#state?.status === 'in_progress';
  }

  async end(first: number, turn: number): Promise<void> {
    this.#table.keepTurn(first, turn, 0);
    if (this.#state?.status === 'cancelling') await this.#schedule();
  }

  async abandon(first: number, message: string): Promise<void> {
    const group = this.#state?.status === 'in_progress' ? this.#table.group(first) : undefined;
    if (group === undefined) return;
    for (const index of this.#table.pending(group))
      this.#add(first + index, writeResultLine(group.customIds[index], { code: 'batch_request_failed', message }));
    await this.#endIfDone();
  }

  /** Does the batch's next step. One that fails is done again, for as long as the batch is there. */
  override async alarm(): Promise<void> {
    try {
      await this.#step();
      this.#failures = 0;
      await this.#schedule();
    } catch (error) {
      console.error(error);
      await this.ctx.storage.setAlarm(Date.now() + Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** this.#failures++));
    }
  }

  async #step(): Promise<void> {
    const state = this.#progress;
    const now = Date.now();
    if (state.status === 'validating') await this.#validate();
    else if (state.status === 'in_progress' && state.expires <= now) this.#enter('finalizing', { ending: 'expired' });
    else if (state.status === 'in_progress') await this.#send();
    else if (state.status === 'finalizing' || (state.status === 'cancelling' && this.#table.runningUntil(now + TURN_MS) <= now))
      await this.#finish();
  }

  /** Sets the alarm to when the next step is due, which the state says. */
  async #schedule(): Promise<void> {
    const { status, expires, checkAt } = this.#progress;
    const now = Date.now();
    if (status === 'validating' || status === 'finalizing') await this.ctx.storage.setAlarm(now);
    if (status === 'in_progress') await this.ctx.storage.setAlarm(Math.min(expires, checkAt, now + MAX_CHECK_MS));
    if (status === 'cancelling') await this.ctx.storage.setAlarm(Math.max(now, this.#table.runningUntil(now + TURN_MS)));
  }

  async #validate(): Promise<void> {
    const { owner, inputFileId, endpoint, maxLines } = this.#progress;
    this.#table.clear();
    let total = 0;
    try {
      await this.#files.get(owner, inputFileId);
      const { body } = await this.#files.open(inputFileId);
      for await (const group of readGroups(body, endpoint, maxLines)) {
        this.#table.addGroup(group);
        total += group.customIds.length;
        if (this.#progress.status !== 'validating') break;
      }
    } catch (error) {
      const fault = toFault(error);
      if (fault && this.#progress.status === 'validating') await this.#end('failed', { faults: [fault] });
      if (fault) return;
      throw error;
    }
    // If it was cancelled meanwhile, it has no requests.
    if (this.#progress.status !== 'validating') return this.#table.clear();
    this.#enter('in_progress', { total });
    await this.#send();
  }

  /** Sends the messages that were never sent, or all that may be lost, and sets the time of the next look. */
  async #send(): Promise<void> {
    const { sentThrough, checked, completed, failed, checkAt } = this.#progress;
    const now = Date.now();
    const unsent = this.#table.groupNames().filter((first) => first > sentThrough);
    const done = completed + failed;
    // A look that is further away than any was planned before the clock was set back.
    const isDue = checkAt <= now || checkAt > now + MAX_CHECK_MS;
    const isStuck = unsent.length === 0 && isDue && done === checked && this.#table.runningUntil(now + TURN_MS) <= now;
    const names = isStuck ? this.#table.idleGroups(now, now + TURN_MS) : unsent;
    for (let at = 0; at < names.length; at += MAX_MESSAGES) {
      const part = names.slice(at, at + MAX_MESSAGES);
      await this.env.BATCH_QUEUE.sendBatch(part.map((first) => ({ body: { batch: this.#progress.id, first } })));
      this.#change({ sentThrough: Math.max(this.#progress.sentThrough, part.at(-1)!) });
    }
    const checks = isStuck ? this.#progress.checks + 1 : 0;
    this.#change({ checks, checked: done, checkAt: now + Math.min(MAX_CHECK_MS, CHECK_MS * 2 ** checks) });
  }

  #add(index: number, result: ResultLine): void {
    if (!this.#table.addResult(index, result)) return;
    // The counts are not written, since the results say the same after a restart.
    if (result.isFailed) this.#state!.failed++;
    else this.#state!.completed++;
  }

  async #endIfDone(): Promise<void> {
    const { status, total, completed, failed } = this.#progress;
    if (status !== 'in_progress' || completed + failed < total) return;
    this.#enter('finalizing', { ending: 'completed' });
    await this.#schedule();
  }

  /** Writes the files, and then says that the batch has ended. Until it does, the same files are written again. */
  async #finish(): Promise<void> {
    const { outputFileId, errorFileId } = this.#progress;
    if (outputFileId === null) this.#change({ outputFileId: newId('file-'), errorFileId: errorFileId ?? newId('file-') });
    const state = this.#progress;
    await this.#end(state.ending!, await writeResults(state, state.ending!, this.#table, this.#files));
  }

  /** Ends the batch. The index says so first, so that it does whenever the object does: what fails is done again. */
  async #end(status: BatchStatus, changed: Partial<BatchState>): Promise<void> {
    const ended = this.#entered(status, changed);
    await new BatchIndex(this.#bucket).keep({ ...this.#progress, ...ended });
    this.ctx.storage.transactionSync(() => {
      this.#change(ended);
      this.#table.clear();
    });
  }

  #enter(status: BatchStatus, changed: Partial<BatchState> & { ending?: BatchEnding }): void {
    this.#change(this.#entered(status, changed));
  }

  #entered(status: BatchStatus, changed: Partial<BatchState>): Partial<BatchState> {
    return { ...changed, status, at: { ...this.#progress.at, [status]: Date.now() } };
  }

  #change(changed: Partial<BatchState & Progress>): void {
    this.#state = { ...this.#state, ...changed } as BatchState;
    this.#table.writeState(this.#state);
  }

  get #files(): FileStore {
    return new FileStore(this.#bucket);
  }

  get #bucket(): FileBucket {
    return bucketInTime(this.env.MODELS);
  }

  get #progress(): BatchState & Progress {
    return this.#state as BatchState & Progress;
  }
}

/** What the object alone knows of a batch. */
interface Progress {
  /** The last group whose message was sent. */
  sentThrough: number;
  /** Looks in a row that found nothing new. */
  checks: number;
  /** Results at the last look, and when the next one is. */
  checked: number;
  checkAt: number;
}

function toFault(error: unknown): BatchFault | undefined {
  if (error instanceof LineFault) return { code: error.fault, message: error.message, line: error.line };
  if (error instanceof GptEdgeError && error.code === 'file_not_found')
    return { code: 'file_not_found', message: error.message, line: null };
  return undefined;
}
