import type { AccessPolicy } from '../access/access-service.ts';
import { originSchema } from '../access/keys/key-record.ts';
import { ADDRESS_LIMITS, type LimitName, type Limits, limitsSchema, type Prices } from '../access/limits/limits.ts';

/** The variables and secrets that say who may use a deployment. */
export interface AccessVariables {
  readonly PUBLIC?: string;
  readonly PUBLIC_LIMITS?: string;
  readonly DAILY_BUDGET?: string;
  readonly PRICES?: string;
  readonly CORS_ORIGINS?: string;
  readonly OPERATOR_KEY?: string;
  readonly TURNSTILE_SITE_KEY?: string;
  readonly TURNSTILE_SECRET?: string;
}

/** What the variables say. */
export interface AccessSettings {
  isPublic: boolean;
  policy: AccessPolicy;
  /** undefined: all if the deployment is public, and otherwise those of the keys. */
  corsOrigins: '*' | readonly string[] | undefined;
  operatorKey: string | undefined;
  turnstileKeys: { site: string; secret: string } | undefined;
}

/** Fewer characters could be guessed. `openssl rand -hex 32` makes 64. */
const MIN_OPERATOR_KEY = 32;

/** @throws Error for a variable with an invalid value. A secret is not repeated */
export function parseAccess(variables: AccessVariables): AccessSettings {
  const { PUBLIC, PUBLIC_LIMITS, DAILY_BUDGET, PRICES, CORS_ORIGINS, OPERATOR_KEY } = variables;
  if (OPERATOR_KEY !== undefined && OPERATOR_KEY !== '' && !/^[!-~]{32,}$/.test(OPERATOR_KEY))
    throw new Error(`OPERATOR_KEY must have at least ${MIN_OPERATOR_KEY} characters, without spaces. "openssl rand -hex 32" makes one.`);
  return {
    isPublic: PUBLIC === 'true',
    policy: { addressLimits: parseAddressLimits(PUBLIC_LIMITS), deploymentLimits: parseBudget(DAILY_BUDGET), prices: parsePrices(PRICES) },
    corsOrigins: parseOrigins(CORS_ORIGINS),
    operatorKey: OPERATOR_KEY || undefined,
    turnstileKeys: parseTurnstile(variables),
  };
}

/** How limits are written in a variable. */
const LIMIT_NAMES: Record<string, LimitName> = {
  requests_per_minute: 'requestsPerMinute',
  tokens_per_minute: 'tokensPerMinute',
  concurrent: 'concurrent',
  tokens_per_day: 'tokensPerDay',
};

/** Parses PUBLIC_LIMITS: `off`, or limits that replace some of the defaults, such as `requests_per_minute=60;concurrent=2`. */
function parseAddressLimits(text = ''): Limits | null {
  if (text === 'off') return null;
  const expected = `PUBLIC_LIMITS must be off, or limits such as "requests_per_minute=60;concurrent=2", of ${Object.keys(LIMIT_NAMES).join(', ')}`;
  const changed = parsePairs(text).map(([name, value]) => {
    if (!Object.hasOwn(LIMIT_NAMES, name)) throw new Error(`${expected}, not ${JSON.stringify(text)}.`);
    return [LIMIT_NAMES[name], value] as const;
  });
  const limits = limitsSchema.safeParse({ ...ADDRESS_LIMITS, ...Object.fromEntries(changed) });
  if (!limits.success) throw new Error(`${expected}, not ${JSON.stringify(text)}.`);
  return limits.data;
}

/** Parses DAILY_BUDGET: tokens a day, or with a `$` dollars a day. */
function parseBudget(text = ''): Limits {
  if (text === '') return {};
  const isDollars = text.startsWith('$');
  const value = Number(isDollars ? text.slice(1) : text);
  const limits = limitsSchema.safeParse(isDollars ? { dollarsPerDay: value } : { tokensPerDay: value });
  if (limits.success && text.trim() === text) return limits.data;
  throw new Error(`DAILY_BUDGET must be a number of tokens, or of dollars as in "$5", not ${JSON.stringify(text)}.`);
}

/** Parses PRICES: dollars a million tokens, `prompt=0.02;completion=0.1`. */
function parsePrices(text = ''): Prices {
  const prices = { prompt: 0, completion: 0 };
  for (const [name, value] of parsePairs(text)) {
    if (!Object.hasOwn(prices, name) || !(value >= 0 && Number.isFinite(value)))
      throw new Error(`PRICES must be dollars a million tokens, such as "prompt=0.02;completion=0.1", not ${JSON.stringify(text)}.`);
    prices[name as keyof Prices] = value;
  }
  return prices;
}

function parsePairs(text: string): [name: string, value: number][] {
  const parts = text.split(';').filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const [name, value = ''] = part.split('=', 2).map((word) => word.trim());
    return [name, value === '' ? Number.NaN : Number(value)];
  });
}

/** Parses CORS_ORIGINS: `*`, or origins with commas between them; nothing leaves the choice to whether it is public. */
function parseOrigins(text = ''): '*' | string[] | undefined {
  const origins = text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  if (origins.length === 0) return undefined;
  if (origins.length === 1 && origins[0] === '*') return '*';
  const wrong = origins.find((origin) => !originSchema.safeParse(origin).success);
  if (wrong === undefined) return origins;
  throw new Error(
    `CORS_ORIGINS must be "*", or origins such as https://example.com with commas between them, not ${JSON.stringify(wrong)}.`,
  );
}

function parseTurnstile({ TURNSTILE_SITE_KEY = '', TURNSTILE_SECRET = '' }: AccessVariables): AccessSettings['turnstileKeys'] {
  if ((TURNSTILE_SITE_KEY === '') !== (TURNSTILE_SECRET === ''))
    throw new Error('TURNSTILE_SITE_KEY and the secret TURNSTILE_SECRET go together, and one of them is missing.');
  return TURNSTILE_SECRET === '' ? undefined : { site: TURNSTILE_SITE_KEY, secret: TURNSTILE_SECRET };
}
