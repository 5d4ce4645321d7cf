/**
 * Multiply-adds between two looks at the event loop: about 50 ms on one core, and so the longest that an abort or another
 * request waits. Counted, not timed, because a Worker's clock stands still while it computes.
 */
export const MULTIPLY_ADDS_PER_TURN = 250e6;

/**
 * Lets other requests and aborts have their turn. Costs some microseconds in workerd.
 * @throws the signal's reason once it is aborted
 */
export async function turn(signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}
