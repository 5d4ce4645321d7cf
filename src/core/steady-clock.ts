/**
 * Milliseconds that the time may go on by between two looks at it. Whoever waits looks far more often; an isolate that
 * sleeps between requests has nobody who waits.
 */
const LONGEST_STEP_MS = 5000;

let last = Number.POSITIVE_INFINITY;
let steady = 0;

/**
 * Milliseconds that have passed since some time in the past: what the ends of waits are measured with, by whoever looks
 * again and again. The platform's clock may be set, forwards or back, by hours: then nobody should be given up at once, or
 * wait for hours. So a step backwards counts as none, and a long one forwards as seconds. What time it is, and how long
 * something took that nobody looked at, `Date.now()` says.
 * @example
 * const end = steadyNow() + 30_000;
 * while (steadyNow() < end && !isReady()) await visitEventLoop();
 */
export function steadyNow(): number {
  const now = Date.now();
  steady += Math.min(LONGEST_STEP_MS, Math.max(0, now - last));
  last = now;
  return steady;
}
