import type { ModelHost } from './model-host.ts';

/** What the routes find in Hono's context. */
export interface AppEnv {
  Variables: { host: ModelHost; requestId: string };
}
