import { DurableObject } from 'cloudflare:workers';
import { AccessCounts } from './access-counts.ts';
import type { AccessPolicy, AccessService, Admission, AdmissionRequest, KeyFault, Outcome, Reservation } from './access-service.ts';
import { allowsOrigin, allowsRoute, type KeyOptions, type KeyRecord, type KeySummary } from './keys/key-record.ts';
import { KeyTable, MAX_KEYS } from './keys/key-table.ts';
import { sha256Hex } from './keys/key-text.ts';
import { addressAccount, type Charge, DEPLOYMENT, keyAccount, Ledger } from './limits/ledger.ts';
import { costOf, type Limits, type Prices } from './limits/limits.ts';
import { SqlStore } from './sql-store.ts';

/** How often what counts nothing any more is forgotten, in milliseconds. */
const FORGET_MS = 3_600_000;
/** Whose requests those without a key are. */
export const NOBODY = 'nobody';

/**
 * The keys and counts of a deployment, in one object: so a key that is revoked is refused everywhere from then on, and
 * limits are exact, in whichever isolate a request arrives. Its methods do their work between two events, in one go.
 * Counts and leases are in SQLite before an answer leaves the object, so a restart loses none.
 */
export class AccessObject extends DurableObject implements AccessService {
  readonly #keys: KeyTable;
  readonly #ledger: Ledger;
  readonly #salt: string;
  readonly #counts = new AccessCounts();

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    const store = new SqlStore(state.storage.sql);
    this.#keys = new KeyTable(store);
    this.#ledger = new Ledger(store);
    this.#salt = store.salt();
    state.blockConcurrencyWhile(async () => {
      if ((await state.storage.getAlarm()) === null) await state.storage.setAlarm(Date.now() + FORGET_MS);
    });
  }

  async admit(request: AdmissionRequest): Promise<Admission> {
    const { key, address, origin, path, policy } = request;
    const addressName = addressAccount((await sha256Hex(`${this.#salt} ${address}`)).slice(0, 32));
    // From here on nothing waits: what is checked is what is counted.
    const now = Date.now();
    const record = key && this.#keys.find(key.id, key.hash, now);
    const fault = key && faultOf(record, now, origin, path);
    if (fault) {
      this.#counts.refuse(`key_${fault}`);
      return { fault, origins: record?.origins ?? [] };
    }
    return this.#admit(record, chargesOf(record, addressName, policy.deploymentLimits, policy.addressLimits), policy.prices, now);
  }

  async admitOwner(owner: string, path: string, policy: AccessPolicy): Promise<Admission> {
    const now = Date.now();
    const record = owner === NOBODY ? undefined : this.#keys.ofOwner(owner);
    const fault = ownerFaultOf(owner, record, now, path);
    if (fault) {
      this.#counts.refuse(`key_${fault}`);
      return { fault, origins: [] };
    }
    const charges = chargesOf(record, '', policy.deploymentLimits, null);
    const admission = this.#admit(record, charges.map(offline), policy.prices, now);
    return 'admitted' in admission ? { admitted: { ...admission.admitted, isOffline: true } } : admission;
  }

  #admit(record: KeyRecord | undefined, charges: readonly Charge[], prices: Prices, now: number): Admission {
    this.#counts.lose(this.#ledger.expire(now));
    const lease = this.#ledger.admit(charges, now);
    const allowances = this.#ledger.allowances(charges, now);
    const origins = record?.origins ?? [];
    if ('limit' in lease) {
      this.#counts.refuse(lease.limit);
      return { refused: lease, origins, allowances };
    }
    const reserves = charges.some(({ limits }) => limitsTokens(limits));
    const { owner, models } = record ?? { owner: NOBODY, models: [] };
    return { admitted: { lease: lease.id, owner, models, origins, reserves, prices, allowances } };
  }

  async reserve(id: string, promptTokens: number, completionTokens: number, prices: Prices): Promise<Reservation | undefined> {
    const now = Date.now();
    const cost = costOf(promptTokens, completionTokens, prices);
    const charges = this.#ledger.chargesOf(id);
    const reserved = this.#ledger.reserve(id, cost, now);
    if (reserved === undefined) return undefined;
    const allowances = this.#ledger.allowances(charges, now);
    if (!('limit' in reserved)) return { allowances };
    this.#counts.refuse(reserved.limit);
    return { refused: reserved, allowances };
  }

  async settle(id: string, outcome: Outcome, prices: Prices): Promise<void> {
    const isKnown = this.#ledger.settle(id, costOf(outcome.promptTokens, outcome.completionTokens, prices), Date.now());
    if (isKnown) this.#counts.settle(outcome);
  }

  async renew(id: string): Promise<void> {
    this.#ledger.renew(id, Date.now());
  }

  async knowsOrigin(origin: string): Promise<boolean> {
    const now = Date.now();
    return [...this.#keys.all].some((record) => record.origins.includes(origin) && endedBy(record, now) === undefined);
  }

  async createKey(options: KeyOptions): Promise<{ key: string; summary: KeySummary } | { fault: string }> {
    if (this.#keys.isFull) return { fault: `There are ${MAX_KEYS} keys, and there may be no more.` };
    const { key, record } = await this.#keys.create(options, Date.now());
    return { key, summary: this.#summary(record) };
  }

  async listKeys(): Promise<KeySummary[]> {
    return [...this.#keys.all].sort((one, other) => one.created - other.created).map((record) => this.#summary(record));
  }

  async revokeKey(id: string): Promise<KeySummary | undefined> {
    const record = this.#keys.revoke(id, Date.now());
    return record && this.#summary(record);
  }

  async rotateKey(id: string, graceSeconds: number): Promise<{ key: string; summary: KeySummary } | undefined> {
    const rotated = await this.#keys.rotate(id, graceSeconds * 1000, Date.now());
    return rotated && { key: rotated.key, summary: this.#summary(rotated.record) };
  }

  async metrics(): Promise<string> {
    const now = Date.now();
    this.#counts.lose(this.#ledger.expire(now));
    const { tokens, micros } = this.#ledger.usage(DEPLOYMENT, now);
    const live = [...this.#keys.all].filter((record) => endedBy(record, now) === undefined).length;
    return this.#counts.toPrometheus({
      gpt_edge_running_requests: { help: 'Requests that have not ended.', value: this.#ledger.running },
      gpt_edge_live_keys: { help: 'Keys that are neither revoked nor expired.', value: live },
      gpt_edge_day_tokens: { help: 'Tokens used or reserved since midnight UTC, if DAILY_BUDGET is set.', value: tokens },
      gpt_edge_day_dollars: { help: 'Dollars used or reserved since midnight UTC, if DAILY_BUDGET is set.', value: micros / 1e6 },
    });
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    this.#counts.lose(this.#ledger.expire(now));
    this.#ledger.forget(now);
    this.#keys.forget(now);
    await this.ctx.storage.setAlarm(now + FORGET_MS);
  }

  #summary({ hash: _, previous, ...record }: KeyRecord): KeySummary {
    const { requests, tokens, micros } = this.#ledger.usage(keyAccount(record.id), Date.now());
    return { ...record, previousUntil: previous?.until, today: { requests, tokens, dollars: micros / 1e6 } };
  }
}

function faultOf(record: KeyRecord | undefined, now: number, origin: string | undefined, path: string): KeyFault | undefined {
  if (record === undefined) return 'invalid';
  const ended = endedBy(record, now);
  if (ended) return ended;
  if (!allowsOrigin(record, origin)) return 'origin';
  return allowsRoute(record.routes, path) ? undefined : 'route';
}

/** What is wrong with the key of an owner, who sends it no more. */
function ownerFaultOf(owner: string, record: KeyRecord | undefined, now: number, path: string): KeyFault | undefined {
  if (owner === NOBODY) return undefined;
  if (record === undefined) return 'invalid';
  return endedBy(record, now) ?? (allowsRoute(record.routes, path) ? undefined : 'route');
}

/** A charge that counts for the day alone. */
const offline = ({ account, limits: { tokensPerDay, dollarsPerDay } }: Charge): Charge => ({
  account,
  limits: { tokensPerDay, dollarsPerDay },
  isOffline: true,
});

function endedBy({ revoked, expires }: KeyRecord, now: number): 'revoked' | 'expired' | undefined {
  if (revoked !== undefined) return 'revoked';
  return expires !== undefined && now >= expires ? 'expired' : undefined;
}

/**
 * The accounts of a request. A publishable key is in everybody's hands, so each of its visitors has the limits of an
 * address besides those of the key.
 */
function chargesOf(key: KeyRecord | undefined, address: string, deployment: Limits, addressLimits: Limits | null): Charge[] {
  const charges: Charge[] = [];
  if (Object.keys(deployment).length > 0) charges.push({ account: DEPLOYMENT, limits: deployment });
  if (key) charges.push({ account: keyAccount(key.id), limits: key.limits });
  if (key?.kind !== 'secret' && addressLimits) charges.push({ account: address, limits: addressLimits });
  return charges;
}

const limitsTokens = ({ tokensPerMinute, tokensPerDay, dollarsPerDay }: Limits): boolean =>
  tokensPerMinute !== undefined || tokensPerDay !== undefined || dollarsPerDay !== undefined;
