import type { Context } from 'hono';

/** Keeps the runtime from ending a request's work when its client has left. */
// biome-ignore lint/suspicious/noExplicitAny: what the context holds makes no difference
export function keepAlive(c: Context<any>, work: Promise<void>): void {
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // Hono throws if the app was called without an execution context, as tests do. Nothing ends early there.
  }
}
