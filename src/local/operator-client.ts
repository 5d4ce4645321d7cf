import type { WireKey, WireKeyOptions } from '../api/access/key-schema.ts';
import { GptEdgeError } from '../core/errors.ts';

/** A key with its secret, as the Worker shows it once. */
export type CreatedKey = WireKey & { key: string };

/** Milliseconds for an answer. The routes wait for nothing but the object. */
const TIMEOUT_MS = 30_000;

/** A client of a running Worker's routes for its operator. What goes wrong is thrown as a GptEdgeError. */
export class OperatorClient {
  readonly #origin: string;
  readonly #operatorKey: string;

  /** @param origin where the Worker answers, such as https://gpt.example.com */
  constructor(origin: string, operatorKey: string) {
    this.#origin = origin;
    this.#operatorKey = operatorKey;
  }

  createKey(options: WireKeyOptions): Promise<CreatedKey> {
    return this.#ask('POST', '/operator/keys', options);
  }

  async listKeys(): Promise<WireKey[]> {
    return (await this.#ask<{ data: WireKey[] }>('GET', '/operator/keys')).data;
  }

  revokeKey(id: string): Promise<WireKey> {
    return this.#ask('DELETE', `/operator/keys/${encodeURIComponent(id)}`);
  }

  rotateKey(id: string, graceSeconds: number): Promise<CreatedKey> {
    return this.#ask('POST', `/operator/keys/${encodeURIComponent(id)}/rotate`, { grace_seconds: graceSeconds });
  }

  async #ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = { authorization: `Bearer ${this.#operatorKey}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    // A redirect could take the operator's key elsewhere.
    const init = {
      method,
      headers,
      body: body && JSON.stringify(body),
      redirect: 'error' as const,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    };
    const answer = await fetch(this.#origin + path, init).catch((cause: unknown) => {
      throw new GptEdgeError('command_failed', `${this.#origin} does not answer.`, { cause });
    });
    const value = (await answer.json().catch(() => null)) as (T & { error?: { message?: string } }) | null;
    if (answer.ok && value !== null) return value;
    throw new GptEdgeError(
      'command_failed',
      value?.error?.message ?? `${this.#origin}${path} does not answer as gpt-edge does: with status ${answer.status}.`,
    );
  }
}
