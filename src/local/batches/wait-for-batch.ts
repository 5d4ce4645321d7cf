import { setTimeout } from 'node:timers/promises';
import { GptEdgeError } from '../../core/errors.ts';
import { AwayError, type BatchClient, type ToldBatch } from './batch-client.ts';

/** Milliseconds between two looks, at first and at most. */
const POLL_MS = 200;
const MAX_POLL_MS = 5000;
/** Milliseconds for which a server may be away, as while it is deployed or the network is gone. */
const AWAY_MS = 600_000;

const ENDED = ['completed', 'failed', 'expired', 'cancelled'];

/** Whether nothing more happens to a batch. */
export const hasEnded = ({ status }: ToldBatch): boolean => ENDED.includes(status);

export interface WaitOptions {
  /** Called after each look. */
  readonly onLook?: (batch: ToldBatch) => void;
  /** Called where the server does not answer. */
  readonly onAway?: (error: Error) => void;
  readonly signal?: AbortSignal;
}

/**
 * Waits until a batch has ended. A server that is away for a while does not end the wait, since the batch goes on.
 * @throws GptEdgeError the signal's reason; what the server refuses; or that it is away for too long
 */
export async function waitForBatch(client: BatchClient, id: string, { onLook, onAway, signal }: WaitOptions = {}): Promise<ToldBatch> {
  let lastAnswer = performance.now();
  for (let wait = POLL_MS; ; wait = Math.min(MAX_POLL_MS, wait * 1.3)) {
    signal?.throwIfAborted();
    try {
      const batch = await client.get(id);
      lastAnswer = performance.now();
      onLook?.(batch);
      if (hasEnded(batch)) return batch;
    } catch (error) {
      if (!(error instanceof AwayError) || performance.now() - lastAnswer > AWAY_MS) throw error;
      onAway?.(error);
    }
    await setTimeout(wait, undefined, { signal }).catch(() => {});
  }
}

/** Says what came of a batch that has not answered its requests. @throws GptEdgeError `command_failed` unless it has */
export function checkAnswered({ id, status, errors, request_counts: { total, completed } }: ToldBatch): void {
  const [fault] = errors?.data ?? [];
  if (fault) throw new GptEdgeError('command_failed', `The batch ${id} has failed: ${fault.message}`);
  if (completed < total || status !== 'completed')
    throw new GptEdgeError(
      'command_failed',
      `The batch ${id} is ${status}, and ${total - completed} of its ${total} requests have no answer.`,
    );
}
