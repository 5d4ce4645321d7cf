import type { LoadedAdapter } from './adapter-room.ts';

/** Rows of a call that belong to one sequence, at consecutive positions. */
export interface Segment {
  /** Index of the first of them among the rows of the call. */
  readonly firstRow: number;
  readonly rows: number;
  /** Position of the first row in its sequence. */
  readonly position: number;
  /** Address of the sequence's page table. */
  readonly pageTable: number;
  /** What is added to the model for the sequence. Default: nothing */
  readonly adapter?: LoadedAdapter;
}
