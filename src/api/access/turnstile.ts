import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from '@hono/zod-openapi';
import { equalHashes, toHex } from '../../access/keys/key-text.ts';
import { GptEdgeError } from '../../core/errors.ts';
import type { AppEnv } from '../http/app-env.ts';
import { invalidRequest } from '../http/errors.ts';
import { jsonBody, readJson } from '../http/json-body.ts';
import { clientAddress } from './client-address.ts';

export const TURNSTILE_PATH = '/turnstile';
/** Where the widget's script and frame come from, and where tokens are checked. */
export const TURNSTILE_ORIGIN = 'https://challenges.cloudflare.com';
const VERIFY_URL = `${TURNSTILE_ORIGIN}/turnstile/v0/siteverify`;
/** Seconds for which a solved challenge counts. A reader of a page stays about that long. */
const PASS_SECONDS = 1800;
/** The longest token that Cloudflare documents has 2,048 characters. */
const exchangeSchema = z.strictObject({ token: z.string().min(1).max(2048) });

/**
 * Cloudflare Turnstile for public pages: a browser solves the challenge, and gets a pass for its address that it sends
 * as a key. A token of Turnstile counts once and for five minutes, and so cannot be the pass itself. A pass is signed,
 * so none is kept.
 */
export class Turnstile {
  readonly siteKey: string;
  readonly #secret: string;
  readonly #verify: typeof fetch;

  /** @param verify asks Cloudflare; a test asks someone else */
  constructor(siteKey: string, secret: string, verify: typeof fetch = (...args) => fetch(...args)) {
    this.siteKey = siteKey;
    this.#secret = secret;
    this.#verify = verify;
  }

  /** @throws GptEdgeError `unauthorized` unless the pass is valid and was made for this address */
  async check(pass: string | undefined, address: string): Promise<void> {
    const [, expires, signature] = /^ge_ts_(\d{1,15})_([0-9a-f]{64})$/.exec(pass ?? '') ?? [];
    const isSigned = expires !== undefined && equalHashes(signature, await this.#sign(expires, address));
    if (isSigned && Date.now() < Number(expires)) return;
    throw new GptEdgeError('unauthorized', `This deployment asks for a key, or for a solved challenge: ${TURNSTILE_PATH} has it.`);
  }

  /** @throws GptEdgeError `unauthorized` if Cloudflare does not confirm the token */
  async exchange(token: string, address: string): Promise<{ pass: string; expires: number }> {
    const body = JSON.stringify({ secret: this.#secret, response: token, ...(address.includes('/') ? {} : { remoteip: address }) });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    const answer = await this.#verify(VERIFY_URL, init)
      .then((response) => response.json() as Promise<{ success?: unknown }>)
      .catch((cause: unknown) => {
        throw new GptEdgeError('overloaded', 'The challenge cannot be checked at the moment.', { cause, retryAfterSeconds: 1 });
      });
    if (answer?.success !== true) throw new GptEdgeError('unauthorized', 'The challenge was not solved, or its token has been used.');
    const expires = Date.now() + PASS_SECONDS * 1000;
    return { pass: `ge_ts_${expires}_${await this.#sign(String(expires), address)}`, expires };
  }

  async #sign(expires: string, address: string): Promise<string> {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', bytes(this.#secret), algorithm, false, ['sign']);
    return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes(`${expires} ${address}`))));
  }
}

/** The widget's site key, and the exchange of a solved challenge for a pass. */
export function turnstileRoutes(app: OpenAPIHono<AppEnv>, turnstile: Turnstile): void {
  app.get(TURNSTILE_PATH, (c) => c.json({ site_key: turnstile.siteKey }));
  app.post(TURNSTILE_PATH, jsonBody, async (c) => {
    const parsed = exchangeSchema.safeParse(await readJson(c));
    if (!parsed.success) throw invalidRequest(parsed.error);
    const { pass, expires } = await turnstile.exchange(parsed.data.token, clientAddress(c.req.raw.headers));
    return c.json({ pass, expires_at: Math.floor(expires / 1000) });
  });
}
