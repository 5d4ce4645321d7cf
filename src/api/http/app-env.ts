import type { ModelHost } from '../model-host.ts';
import type { RequestRecord } from '../request-log/request-record.ts';

/** What the routes find in Hono's context. */
export interface AppEnv {
  Variables: { host: ModelHost; requestId: string; record: RequestRecord };
}
