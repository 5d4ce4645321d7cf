import type { LineFaultCode } from './lines/line-fault.ts';
import type { BatchEndpoint } from './lines/request-line.ts';

/** Where a batch stands, in OpenAI's words. */
export type BatchStatus = 'validating' | 'failed' | 'in_progress' | 'finalizing' | 'completed' | 'expired' | 'cancelling' | 'cancelled';

/** How a batch that was begun may end. */
export type BatchEnding = 'completed' | 'expired' | 'cancelled';

/** Why a batch has failed before any request was sent. */
export interface BatchFault {
  code: LineFaultCode | 'file_not_found';
  message: string;
  line: number | null;
}

/** What a batch is created with. */
export interface BatchOptions {
  id: string;
  owner: string;
  endpoint: BatchEndpoint;
  inputFileId: string;
  metadata: Record<string, string> | null;
  /** Milliseconds for which the files that it writes are kept. */
  outputKeptMs: number;
  maxLines: number;
}

/** All that is known of a batch but its requests and results. Times are in milliseconds since the epoch. */
export interface BatchState extends BatchOptions {
  status: BatchStatus;
  created: number;
  /** When requests that are not answered are given up. */
  expires: number;
  /** When it came into each status that it has been in. */
  at: Partial<Record<BatchStatus, number>>;
  total: number;
  /** Lines of the output file, and of the error file. Together they are `total` when the batch has ended. */
  completed: number;
  failed: number;
  faults: BatchFault[];
  /** How it is about to end. */
  ending: BatchEnding | null;
  /** The files' ids; null if there is no line for them. They are chosen before the files are written. */
  outputFileId: string | null;
  errorFileId: string | null;
}

export const hasEnded = ({ status }: Pick<BatchState, 'status'>): boolean =>
  ['failed', 'completed', 'expired', 'cancelled'].includes(status);

/** Lines of an input file that one queue message is about, and that one consumer answers. */
export interface LineGroup {
  /** The index of its first request, from 0, which names the group. */
  first: number;
  /** The `custom_id` of each request. */
  customIds: readonly string[];
  /** Where the lines lie in the file. */
  start: number;
  bytes: number;
}

/** What a consumer needs to answer the requests of a group that have no result yet. */
export interface GroupWork {
  owner: string;
  inputFileId: string;
  group: LineGroup;
  /** Indexes of these requests in the group. */
  pending: readonly number[];
  /** Which attempt at the group this is. A later one takes it over. */
  turn: number;
}

/** A queue message: a group of a batch. The requests themselves stay in the file, since a message has at most 128 kB. */
export interface GroupMessage {
  batch: string;
  first: number;
}

/** A batch as the rest of the Worker sees it. `BatchObject` is one. */
export interface BatchHandle {
  create(options: BatchOptions): Promise<BatchState>;
  /** @returns undefined if there is no such batch */
  describe(): Promise<BatchState | undefined>;
  /** @returns the batch, which may have ended before */
  cancel(): Promise<BatchState | undefined>;
  /** Begins to answer a group. @returns undefined if nothing is left to do */
  begin(first: number): Promise<GroupWork | undefined>;
  /**
   * Keeps the result of a request, unless it has one.
   * @param index of the request in the batch, from 0
   * @returns whether whoever has this turn should go on
   */
  record(first: number, turn: number, index: number, result: { text: string; isFailed: boolean }): Promise<boolean>;
  /** Says that nobody works on the group any more. */
  end(first: number, turn: number): Promise<void>;
  /** Gives up the requests of a group that have no result. */
  abandon(first: number, message: string): Promise<void>;
}
