import { z } from 'zod';
import { modelIdSchema } from '../../core/folder/manifest.ts';
import { limitsSchema, PUBLISHABLE_LIMITS } from '../limits/limits.ts';
import { KEY_KINDS, type KeyKind } from './key-text.ts';

/** Models, routes and origins of one key, each. */
const MAX_SCOPES = 64;
/** Characters of a name, a route or an origin. */
const MAX_TEXT = 200;

/** An origin as browsers send it: scheme, host, and the port if it is not the scheme's own. */
export const originSchema = z
  .string()
  .max(MAX_TEXT)
  .refine(isOrigin, 'must be an origin as browsers send it, such as https://example.com or http://localhost:3000');

function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text;
}

/** Routes are paths of the API: a key for /v1/models may also use what lies below. */
const routeSchema = z
  .string()
  .max(MAX_TEXT)
  .regex(/^(\/[\w-][\w.-]*)+$/, 'must be a path of the API, such as /v1/chat/completions');

/** What a key is created with. */
export const keyOptionsSchema = z
  .strictObject({
    kind: z.enum(KEY_KINDS),
    name: z.string().min(1).max(MAX_TEXT),
    /** Models that it may use; all, if there are none. */
    models: z.array(modelIdSchema).max(MAX_SCOPES),
    /** Routes that it may use, with what lies below; all that its kind may use, if there are none. */
    routes: z.array(routeSchema).max(MAX_SCOPES),
    /** Origins whose pages may use it. A secret key without any may be sent from anywhere. */
    origins: z.array(originSchema).max(MAX_SCOPES),
    /** When it ends, in milliseconds since the epoch. */
    expires: z.number().int().positive().optional(),
    limits: limitsSchema,
  })
  .refine(({ kind, origins }) => kind === 'secret' || origins.length > 0, {
    path: ['origins'],
    message: 'a publishable key needs at least one origin',
  });

export type KeyOptions = z.infer<typeof keyOptionsSchema>;

/** A key as it is kept. Its secret is not there, only the hash. */
export interface KeyRecord extends KeyOptions {
  id: string;
  /** Whose requests its requests are, and all that they leave behind. It says nothing of the key. */
  owner: string;
  /** SHA-256 of the secret, in hex. */
  hash: string;
  /** The hash of the secret before the last rotation, and until when it still counts. */
  previous?: { hash: string; until: number };
  created: number;
  revoked?: number;
}

/** A key as it is shown: without hashes. */
export type KeySummary = Omit<KeyRecord, 'hash' | 'previous'> & {
  /** Until when the secret before the last rotation still counts. */
  previousUntil?: number;
  today: { requests: number; tokens: number; dollars: number };
};

/** What publishable keys may use unless they are created with routes: what answers at once and leaves nothing behind. */
const PUBLISHABLE_ROUTES: readonly string[] = [
  '/v1/completions',
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/decisions',
  '/v1/embeddings',
  '/v1/next-token',
  '/v1/models',
  '/tokenize',
  '/detokenize',
  '/openapi.json',
];

/** The options of a key, completed by what its kind has by itself. */
export function completeOptions(options: KeyOptions): KeyOptions {
  if (options.kind === 'secret') return options;
  return {
    ...options,
    routes: options.routes.length > 0 ? options.routes : [...PUBLISHABLE_ROUTES],
    limits: { ...PUBLISHABLE_LIMITS, ...options.limits },
  };
}

/** Whether a path is one of the routes, or lies below one. */
export const allowsRoute = (routes: readonly string[], path: string): boolean =>
  routes.length === 0 || routes.some((route) => path === route || path.startsWith(`${route}/`));

/** Whether a request of that origin may use a key. Programs that are no browsers send none. */
export function allowsOrigin({ kind, origins }: { kind: KeyKind; origins: readonly string[] }, origin: string | undefined): boolean {
  if (origin === undefined) return kind === 'secret';
  return (kind === 'secret' && origins.length === 0) || origins.includes(origin);
}
