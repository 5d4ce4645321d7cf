import { askObject } from '../core/ask-object.ts';
import { GptEdgeError } from '../core/errors.ts';
import type { AccessService, Admitted, Outcome } from './access-service.ts';
import type { Allowances } from './limits/ledger.ts';
import { RENEWAL_MS } from './limits/ledger.ts';
import { rateHeaders, refusalError } from './limits/rate-limit-answer.ts';

/** Whose requests those with the operator's key are. */
const OPERATOR = 'operator';

/**
 * What a request may do, and for whom. Every request that is served has one.
 */
export interface Grant {
  /**
   * Whose request it is. What it leaves behind (a stored completion, a session, a file) belongs to this owner, and is
   * not found by another. It is the same for all secrets that a key has had, and says nothing of them; requests
   * without a key all have the owner `nobody`.
   */
  readonly owner: string;
  /** Ids of the models that it may use; all, if there are none. */
  readonly models: readonly string[];
  /** Origins whose pages may read the answer, besides the deployment's. */
  readonly origins: readonly string[];
  /** Whether nobody waits for the answer, so that it gives way to those for which somebody does. */
  readonly isOffline: boolean;
  /**
   * Reserves the most tokens that a request may use, before it generates, and keeps the request counted as running.
   * @param signal is aborted when nobody wants the answer any more
   * @throws GptEdgeError `rate_limit_exceeded`, `insufficient_quota`
   */
  reserve(promptTokens: number, completionTokens: number, signal?: AbortSignal): Promise<void>;
  /** Says how the request has ended. It is called once, when nothing more is computed for it. */
  settle(outcome: Outcome): Promise<void>;
  /** Headers that say what is left of the limits. */
  headers(): Record<string, string>;
}

const unlimited = (owner: string, isOffline = false): Grant => ({
  owner,
  isOffline,
  models: [],
  origins: [],
  reserve: async () => {},
  settle: async () => {},
  headers: () => ({}),
});

/** The grant of requests that nobody counts. */
export const OPEN_GRANT: Grant = unlimited('nobody');
/** That of the lines of nobody's batches. */
export const OFFLINE_GRANT: Grant = unlimited('nobody', true);
export const OPERATOR_GRANT: Grant = unlimited(OPERATOR);

/** The grant of a request that an `AccessService` has admitted. */
export class LeasedGrant implements Grant {
  /** What can be handed on to where the engine runs, which makes a grant of it again. */
  readonly admitted: Admitted;
  readonly #service: () => AccessService;
  #allowances: Allowances;
  #renewal: ReturnType<typeof setInterval> | undefined;

  /** @param service asks the object anew each time, since what is left of a stub after an error is of no use */
  constructor(admitted: Admitted, service: () => AccessService) {
    this.admitted = admitted;
    this.#service = service;
    this.#allowances = admitted.allowances;
  }

  get owner(): string {
    return this.admitted.owner;
  }
  get models(): readonly string[] {
    return this.admitted.models;
  }
  get origins(): readonly string[] {
    return this.admitted.origins;
  }
  get isOffline(): boolean {
    return this.admitted.isOffline === true;
  }

  async reserve(promptTokens: number, completionTokens: number, signal?: AbortSignal): Promise<void> {
    const { lease, reserves, prices } = this.admitted;
    this.#keepRenewing(signal);
    if (!reserves) return;
    const reservation = await asked(() => this.#service().reserve(lease, promptTokens, completionTokens, prices));
    if (reservation === undefined) throw unavailable();
    this.#allowances = reservation.allowances;
    if ('refused' in reservation) throw refusalError(reservation.refused, promptTokens + completionTokens);
  }

  /**
   * In a Worker, the timer goes with the request. In an object it would go on with the object, and so ends when nobody
   * wants the answer any more, and after as many renewals as the longest request could need.
   */
  #keepRenewing(signal?: AbortSignal): void {
    if (this.#renewal !== undefined) return;
    let left = MAX_RENEWALS;
    const renewal = setInterval(() => {
      if (left-- <= 0 || signal?.aborted) return clearInterval(renewal);
      this.#service()
        .renew(this.admitted.lease)
        .catch(() => {});
    }, RENEWAL_MS);
    this.#renewal = renewal;
  }

  async settle(outcome: Outcome): Promise<void> {
    if (this.#renewal !== undefined) clearInterval(this.#renewal);
    const { lease, prices } = this.admitted;
    await asked(() => this.#service().settle(lease, outcome, prices)).catch(() => {});
  }

  headers(): Record<string, string> {
    return rateHeaders(this.#allowances);
  }
}

/** Renewals of one request: an hour of them, which is the longest that `timeout_ms` allows. */
const MAX_RENEWALS = 60;

const unavailable = (cause?: unknown) =>
  new GptEdgeError('overloaded', 'Keys and limits cannot be checked at the moment.', { cause, retryAfterSeconds: 1 });

/**
 * Asks the object of keys and limits. An answer that is lost may have been counted: its lease expires.
 * @throws GptEdgeError `overloaded`. Nothing is served that could not be counted
 */
export const asked = <T>(ask: () => Promise<T>): Promise<T> => askObject(ask, unavailable);
