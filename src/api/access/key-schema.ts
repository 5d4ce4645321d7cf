import { z } from '@hono/zod-openapi';
import { type KeyOptions, type KeySummary, keyOptionsSchema } from '../../access/keys/key-record.ts';
import { limitsSchema } from '../../access/limits/limits.ts';

const shape = keyOptionsSchema.shape;
const limits = limitsSchema.shape;

/** A key's options as they are sent: the same values under names of the wire, and less to write. */
export const keyWireSchema = z.strictObject({
  kind: shape.kind.default('secret'),
  name: shape.name,
  models: shape.models.default([]),
  routes: shape.routes.default([]),
  origins: shape.origins.default([]),
  /** Seconds since the epoch. */
  expires_at: z.number().int().positive().nullish(),
  limits: z
    .strictObject({
      requests_per_minute: limits.requestsPerMinute,
      tokens_per_minute: limits.tokensPerMinute,
      concurrent: limits.concurrent,
      tokens_per_day: limits.tokensPerDay,
      dollars_per_day: limits.dollarsPerDay,
    })
    .default({}),
});

export type WireKeyOptions = z.input<typeof keyWireSchema>;

/** A day, and so the longest time for which two secrets of one key count. */
const MAX_GRACE_SECONDS = 86_400;
export const rotationSchema = z.strictObject({ grace_seconds: z.number().int().min(0).max(MAX_GRACE_SECONDS).default(0) });

/** @returns the options, which `keyOptionsSchema` must still check together */
export function toKeyOptions({ expires_at, limits, ...options }: z.output<typeof keyWireSchema>): KeyOptions {
  return {
    ...options,
    ...(expires_at == null ? {} : { expires: expires_at * 1000 }),
    limits: withoutGaps({
      requestsPerMinute: limits.requests_per_minute,
      tokensPerMinute: limits.tokens_per_minute,
      concurrent: limits.concurrent,
      tokensPerDay: limits.tokens_per_day,
      dollarsPerDay: limits.dollars_per_day,
    }),
  };
}

/** A limit that is undefined would replace the default of its kind. */
const withoutGaps = (limits: KeyOptions['limits']): KeyOptions['limits'] =>
  Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));

/** What is known of a key, as it is sent. */
export interface WireKey {
  object: 'key';
  id: string;
  kind: KeyOptions['kind'];
  name: string;
  owner: string;
  models: string[];
  routes: string[];
  origins: string[];
  /** Times are in seconds since the epoch. */
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  previous_secret_until: number | null;
  limits: {
    requests_per_minute: number | null;
    tokens_per_minute: number | null;
    concurrent: number | null;
    tokens_per_day: number | null;
    dollars_per_day: number | null;
  };
  today: KeySummary['today'];
}

const seconds = (milliseconds: number | undefined): number | null => (milliseconds === undefined ? null : Math.floor(milliseconds / 1000));

export function toWireKey({ limits, created, expires, revoked, previousUntil, ...key }: KeySummary): WireKey {
  return {
    object: 'key',
    ...key,
    created_at: Math.floor(created / 1000),
    expires_at: seconds(expires),
    revoked_at: seconds(revoked),
    previous_secret_until: seconds(previousUntil),
    limits: {
      requests_per_minute: limits.requestsPerMinute ?? null,
      tokens_per_minute: limits.tokensPerMinute ?? null,
      concurrent: limits.concurrent ?? null,
      tokens_per_day: limits.tokensPerDay ?? null,
      dollars_per_day: limits.dollarsPerDay ?? null,
    },
  };
}
