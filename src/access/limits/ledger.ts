import { Account, type AccountState, type Allowance, type Refusal } from './account.ts';
import { type Cost, type Limits, NO_COST } from './limits.ts';

/**
 * Milliseconds after which a request that nobody has renewed or ended counts as gone. Its isolate was ended, or its
 * client left in a way that no code sees.
 */
export const LEASE_MS = 180_000;
/** Milliseconds between two renewals: some may be lost. */
export const RENEWAL_MS = 60_000;
/**
 * Accounts of client addresses. There are more addresses than anyone can count for; those beyond share one account, so
 * that they cannot fill the memory. Each takes some hundred bytes.
 */
const MAX_ADDRESSES = 20_000;

/** How far a clock may be set back for leases to stay as they are. */
const SETBACK_MS = 60_000;

/** An account that a request is counted in. */
export interface Charge {
  /** `deployment`, `key:…` or `address:…`. */
  account: string;
  limits: Limits;
  /** Whether it counts for the day alone, and not for the minute or among those that run: the line of a batch does. */
  isOffline?: true;
}

/** A request that was admitted and has not ended. */
export interface Lease {
  id: string;
  /** When it counts as gone, in milliseconds since the epoch. */
  expires: number;
  /** When what it has reserved was counted. */
  at: number;
  charges: readonly Charge[];
  reserved: Cost;
}

/** Where the ledger keeps its accounts and leases over a restart. */
export interface LedgerStore {
  accounts(): Iterable<[name: string, state: AccountState]>;
  leases(): Iterable<Lease>;
  putAccount(name: string, state: AccountState): void;
  putLease(lease: Lease): void;
  deleteAccount(name: string): void;
  deleteLease(id: string): void;
}

/** A refusal, and the account that refuses. */
export type Refused = Refusal & { account: string };

/** What is left, of the limits that are the client's own. */
export type Allowances = { requests?: Allowance; tokens?: Allowance };

/**
 * All accounts. A request is counted in all of its accounts or in none, in one go: nothing here waits for anything, so
 * requests at the same time are counted one after the other.
 *
 * What a request reserves is counted before it generates, and corrected by what it has used when it ends. If nobody
 * says that it has ended, its lease expires: it no longer counts as running, and what it had reserved stays counted,
 * since nobody knows how much of it was used.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #accounts = new Map<string, Account>();
  readonly #leases = new Map<string, Lease>();
  #addresses = 0;

  constructor(store: LedgerStore) {
    this.#store = store;
    for (const [name, state] of store.accounts()) this.#add(name, new Account(state));
    for (const lease of store.leases()) {
      this.#leases.set(lease.id, lease);
      for (const { account, isOffline } of lease.charges) if (!isOffline) this.#account(account).running++;
    }
  }

  /** Requests that have not ended. */
  get running(): number {
    return this.#leases.size;
  }

  /** Admits a request, or says why not. @param now milliseconds since the epoch */
  admit(wanted: readonly Charge[], now: number): Lease | Refused {
    const charges = wanted.map((charge) => ({ ...charge, account: this.#place(charge.account) }));
    const refused = this.#refused(charges, now, (account, limits) => account.refusesRequest(limits, now));
    if (refused) return refused;
    const lease = { id: crypto.randomUUID(), expires: now + LEASE_MS, at: now, charges, reserved: { ...NO_COST } };
    this.#leases.set(lease.id, lease);
    this.#store.putLease(lease);
    this.#change(charges, (account, { isOffline }) => account.countRequest(now, isOffline));
    return lease;
  }

  /**
   * Reserves what an admitted request may use at most. A request that begins anew elsewhere reserves again: what it had
   * reserved before counts for that.
   * @returns the lease, or why it is refused; undefined if the lease has expired
   */
  reserve(id: string, cost: Cost, now: number): Lease | Refused | undefined {
    const lease = this.#leases.get(id);
    if (lease === undefined) return undefined;
    const { charges, reserved, at } = lease;
    const more = { tokens: Math.max(0, cost.tokens - reserved.tokens), micros: Math.max(0, cost.micros - reserved.micros) };
    const refused = this.#refused(charges, now, (account, limits) => account.refusesCost(limits, more, now));
    if (refused) return refused;
    lease.at = reserved.tokens === 0 ? now : at;
    lease.reserved = { tokens: reserved.tokens + more.tokens, micros: reserved.micros + more.micros };
    this.#store.putLease(lease);
    this.#change(charges, (account, { isOffline }) => account.countCost(more, lease.at, isOffline));
    return lease;
  }

  /** Ends a request, which has used so much. @returns whether its lease was there */
  settle(id: string, used: Cost, now: number): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    const { reserved, at, charges } = lease;
    this.#end(lease);
    this.#change(charges, (account, { isOffline }) => {
      account.turnTo(now);
      account.countCost({ tokens: used.tokens - reserved.tokens, micros: used.micros - reserved.micros }, at, isOffline);
    });
    return true;
  }

  /** Says that a request goes on. @returns whether its lease was there */
  renew(id: string, now: number): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    lease.expires = now + LEASE_MS;
    this.#store.putLease(lease);
    return true;
  }

  /** Ends the requests that count as gone. @returns how many there were */
  expire(now: number): number {
    // A lease that expires later than one of now was given before the clock was set back.
    const gone = [...this.#leases.values()].filter(({ expires }) => expires <= now || expires > now + LEASE_MS + SETBACK_MS);
    for (const lease of gone) this.#end(lease);
    return gone.length;
  }

  /** Forgets the accounts that count nothing any more: addresses that were not heard of today. */
  forget(now: number): void {
    for (const [name, account] of this.#accounts) {
      account.turnTo(now);
      if (!account.isIdle || account.day.requests > 0) continue;
      this.#accounts.delete(name);
      if (isAddress(name)) this.#addresses--;
      this.#store.deleteAccount(name);
    }
  }

  /** The accounts that a running request is counted in. */
  chargesOf(id: string): readonly Charge[] {
    return this.#leases.get(id)?.charges ?? [];
  }

  /** What is left to the client: of its key's limits, or of its address's. */
  allowances(charges: readonly Charge[], now: number): Allowances {
    const own = charges.filter(({ account }) => account !== DEPLOYMENT);
    const all = own.map(({ account, limits }) => (this.#accounts.get(account) ?? new Account()).allowances(limits, now));
    return { requests: least(all.map(({ requests }) => requests)), tokens: least(all.map(({ tokens }) => tokens)) };
  }

  /** What was used today, and what runs. */
  usage(name: string, now: number): { tokens: number; micros: number; requests: number; running: number } {
    const account = this.#accounts.get(name) ?? new Account();
    account.turnTo(now);
    const { tokens, micros, requests } = account.day;
    return { tokens, micros, requests, running: account.running };
  }

  #refused(
    charges: readonly Charge[],
    now: number,
    refuses: (account: Account, limits: Limits) => Refusal | undefined,
  ): Refused | undefined {
    this.expire(now);
    for (const { account: name, limits } of charges) {
      const account = this.#account(name);
      account.turnTo(now);
      const refusal = refuses(account, limits);
      if (refusal) return { ...refusal, account: name };
    }
    return undefined;
  }

  #change(charges: readonly Charge[], change: (account: Account, charge: Charge) => void): void {
    for (const charge of charges) {
      const { account: name } = charge;
      const account = this.#account(name);
      change(account, charge);
      this.#store.putAccount(name, account.state);
    }
  }

  #end(lease: Lease): void {
    this.#leases.delete(lease.id);
    this.#store.deleteLease(lease.id);
    for (const { account, isOffline } of lease.charges) if (!isOffline) this.#account(account).running--;
  }

  /** The account's own name, or that of the one that addresses share when there are too many. */
  #place(name: string): string {
    return isAddress(name) && !this.#accounts.has(name) && this.#addresses >= MAX_ADDRESSES ? OTHER_ADDRESSES : name;
  }

  #account(name: string): Account {
    return this.#accounts.get(name) ?? this.#add(name, new Account());
  }

  #add(name: string, account: Account): Account {
    this.#accounts.set(name, account);
    if (isAddress(name)) this.#addresses++;
    return account;
  }
}

/** The account of all requests together. */
export const DEPLOYMENT = 'deployment';
const OTHER_ADDRESSES = 'address:others';

export const keyAccount = (id: string): string => `key:${id}`;
export const addressAccount = (hash: string): string => `address:${hash}`;
const isAddress = (name: string): boolean => name.startsWith('address:');

/** The allowance that leaves least. */
function least(allowances: readonly (Allowance | undefined)[]): Allowance | undefined {
  return allowances
    .filter((allowance) => allowance !== undefined)
    .reduce<Allowance | undefined>((tightest, next) => (tightest && tightest.remaining <= next.remaining ? tightest : next), undefined);
}
