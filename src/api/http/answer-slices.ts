import type { CpuAllowance } from '../../generation/cpu-allowance.ts';
import type { AnswerNotes } from '../openai/answer-notes.ts';

/**
 * An answer that is made in slices, each within the CPU time of one call, and that can go on elsewhere. Whoever hands it
 * on to the client understands frames: what the client gets, with notes beside it.
 */
export interface AnswerSlices {
  /** The CPU time of the slices. It is renewed with each. */
  readonly allowance: CpuAllowance;
  readonly notes: AnswerNotes;
  /** Makes a frame of text for the client, with what was noted by now. @param isLast whether the answer ends with it */
  frame(text: string, isLast: boolean): Uint8Array;
}

/** Marks a response whose body consists of frames. */
export const FRAMED_HEADER = 'gpt-edge-framed';
