import { describe, expect, it } from 'vitest';
import { type AccountState, DAY_MS } from '../../src/access/limits/account.ts';
import {
  addressAccount,
  type Charge,
  DEPLOYMENT,
  LEASE_MS,
  type Lease,
  Ledger,
  type LedgerStore,
  type Refused,
} from '../../src/access/limits/ledger.ts';
import { duration } from '../../src/access/limits/rate-limit-answer.ts';
import { SeededRandom } from '../generation/seeded-random.ts';

/** A store in memory, which keeps copies as a database does. */
class MemoryStore implements LedgerStore {
  readonly kept = { accounts: new Map<string, string>(), leases: new Map<string, string>() };
  accounts = (): [string, AccountState][] => [...this.kept.accounts].map(([name, text]) => [name, JSON.parse(text)]);
  leases = (): Lease[] => [...this.kept.leases.values()].map((text) => JSON.parse(text));
  putAccount = (name: string, state: AccountState) => void this.kept.accounts.set(name, JSON.stringify(state));
  putLease = (lease: Lease) => void this.kept.leases.set(lease.id, JSON.stringify(lease));
  deleteAccount = (name: string) => void this.kept.accounts.delete(name);
  deleteLease = (id: string) => void this.kept.leases.delete(id);
}

/** Noon, so that no test meets the end of a day by chance. */
const NOON = 20_000 * DAY_MS + DAY_MS / 2;
const charge = (limits: Charge['limits'], account = 'key:k'): Charge => ({ account, limits });
const cost = (tokens: number) => ({ tokens, micros: tokens * 10 });

function admitted(result: Lease | Refused | undefined): Lease {
  if (result === undefined || 'limit' in result) throw new Error(`not admitted: ${JSON.stringify(result)}`);
  return result;
}

describe('a ledger', () => {
  it('should never let more through than a limit in any minute, wherever it begins', () => {
    const random = new SeededRandom(7);
    const ledger = new Ledger(new MemoryStore());
    const limits = { requestsPerMinute: 9, tokensPerMinute: 500 };
    const events: { at: number; tokens: number }[] = [];
    for (let now = NOON; now < NOON + 600_000; now += random.integer(3000)) {
      const result = ledger.admit([charge(limits)], now);
      if ('limit' in result) continue;
      const tokens = 1 + random.integer(120);
      const reserved = ledger.reserve(result.id, cost(tokens), now);
      const isReserved = reserved !== undefined && !('limit' in reserved);
      events.push({ at: now, tokens: isReserved ? tokens : 0 });
      ledger.settle(result.id, cost(isReserved ? tokens : 0), now);
    }
    expect(events.length).toBeGreaterThan(50);
    for (const { at } of events) {
      const minute = events.filter((event) => event.at >= at && event.at < at + 60_000);
      expect(minute.length).toBeLessThanOrEqual(limits.requestsPerMinute);
      expect(minute.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(limits.tokensPerMinute);
    }
  });

  it('should say exactly when there is room again', () => {
    const ledger = new Ledger(new MemoryStore());
    const charges = [charge({ requestsPerMinute: 2, tokensPerMinute: 100 })];
    for (const at of [NOON + 300, NOON + 5_700]) ledger.reserve(admitted(ledger.admit(charges, at)).id, cost(50), at);
    const refused = ledger.admit(charges, NOON + 6_000) as Refused;
    expect(refused).toMatchObject({ limit: 'requestsPerMinute', most: 2, account: 'key:k' });
    const free = NOON + 6_000 + refused.waitMs!;
    expect(ledger.admit(charges, free - 1)).toMatchObject({ limit: 'requestsPerMinute' });
    const lease = admitted(ledger.admit(charges, free));
    const tokens = ledger.reserve(lease.id, cost(60), free) as Refused;
    expect(tokens).toMatchObject({ limit: 'tokensPerMinute' });
    expect(ledger.reserve(lease.id, cost(60), free + tokens.waitMs! - 1)).toMatchObject({ limit: 'tokensPerMinute' });
    admitted(ledger.reserve(lease.id, cost(60), free + tokens.waitMs!));
    const [other] = [charge({ tokensPerMinute: 100 }, 'key:other')];
    const large = admitted(ledger.admit([other], NOON));
    expect(ledger.reserve(large.id, cost(101), NOON)).toMatchObject({ limit: 'tokensPerMinute', waitMs: null });
  });

  it('should count in all accounts of a request or in none', () => {
    const ledger = new Ledger(new MemoryStore());
    const charges = [
      charge({ tokensPerDay: 100 }, DEPLOYMENT),
      charge({ tokensPerDay: 1000 }),
      charge({ concurrent: 1 }, addressAccount('a')),
    ];
    const first = admitted(ledger.admit(charges, NOON));
    expect(ledger.admit(charges, NOON)).toMatchObject({ limit: 'concurrent', account: 'address:a' });
    expect(ledger.usage('key:k', NOON)).toMatchObject({ requests: 1, running: 1 });
    expect(ledger.reserve(first.id, cost(101), NOON)).toMatchObject({ limit: 'tokensPerDay', account: DEPLOYMENT, waitMs: null });
    expect(ledger.usage('key:k', NOON).tokens).toBe(0);
    // A request that begins anew elsewhere reserves again, and no more than before.
    for (const tokens of [90, 100, 100, 40]) admitted(ledger.reserve(first.id, cost(tokens), NOON));
    expect(ledger.usage('key:k', NOON).tokens).toBe(100);
    ledger.settle(first.id, cost(30), NOON);
    for (const name of [DEPLOYMENT, 'key:k', 'address:a'])
      expect(ledger.usage(name, NOON)).toEqual({ requests: 1, running: 0, tokens: 30, micros: 300 });
  });

  it('should let a request that nobody ends count as gone, and its tokens as used', () => {
    const ledger = new Ledger(new MemoryStore());
    const charges = [charge({ concurrent: 1, tokensPerDay: 1000 })];
    const dropped = admitted(ledger.admit(charges, NOON));
    ledger.reserve(dropped.id, cost(70), NOON);
    expect(ledger.admit(charges, NOON + LEASE_MS - 1)).toMatchObject({ limit: 'concurrent' });
    expect(ledger.renew(dropped.id, NOON + LEASE_MS - 1)).toBe(true);
    expect(ledger.admit(charges, NOON + 2 * LEASE_MS - 2)).toMatchObject({ limit: 'concurrent' });
    admitted(ledger.admit(charges, NOON + 2 * LEASE_MS - 1));
    expect(ledger.usage('key:k', NOON + 2 * LEASE_MS)).toMatchObject({ running: 1, tokens: 70 });
    // Whoever was thought gone comes too late.
    expect(ledger.settle(dropped.id, cost(5), NOON + 2 * LEASE_MS)).toBe(false);
    expect(ledger.reserve(dropped.id, cost(5), NOON + 2 * LEASE_MS)).toBeUndefined();
    expect(ledger.usage('key:k', NOON + 2 * LEASE_MS).tokens).toBe(70);
  });

  it('should begin a new day at midnight, and count what ends then for the day before', () => {
    const ledger = new Ledger(new MemoryStore());
    const charges = [charge({ tokensPerDay: 100 })];
    const midnight = 20_001 * DAY_MS;
    const late = admitted(ledger.admit(charges, midnight - 1000));
    ledger.reserve(late.id, cost(100), midnight - 1000);
    expect(ledger.admit(charges, midnight - 500)).toMatchObject({ limit: 'tokensPerDay', waitMs: 500 });
    const early = admitted(ledger.admit(charges, midnight));
    admitted(ledger.reserve(early.id, cost(100), midnight));
    ledger.settle(late.id, cost(1), midnight + 1000);
    expect(ledger.usage('key:k', midnight + 1000).tokens).toBe(100);
    ledger.settle(early.id, cost(40), midnight + 2000);
    expect(ledger.usage('key:k', midnight + 2000).tokens).toBe(40);
  });

  it('should hold its limits when the clock jumps', () => {
    const ledger = new Ledger(new MemoryStore());
    const charges = [charge({ requestsPerMinute: 3, tokensPerDay: 100 })];
    const back = NOON - 3_600_000;
    const first = admitted(ledger.admit(charges, NOON));
    admitted(ledger.reserve(first.id, cost(90), NOON));
    for (const at of [NOON - 30_000, back]) admitted(ledger.admit(charges, at));
    expect(ledger.admit(charges, back + 1000)).toMatchObject({ limit: 'requestsPerMinute' });
    // They count for a minute of the clock as it is now, and nothing that ran before is taken for running for an hour.
    const later = admitted(ledger.admit(charges, back + 62_000));
    expect(ledger.usage('key:k', back + 62_000).running).toBe(2);
    expect(ledger.reserve(later.id, cost(11), back + 62_000)).toMatchObject({ limit: 'tokensPerDay' });
    const ahead = admitted(ledger.admit(charges, NOON + 10 * DAY_MS));
    admitted(ledger.reserve(ahead.id, cost(100), NOON + 10 * DAY_MS));
  });

  it('should be the same after a restart, at any moment', () => {
    const store = new MemoryStore();
    const charges = [charge({ requestsPerMinute: 5, concurrent: 3, tokensPerDay: 1000 })];
    let ledger = new Ledger(store);
    const leases: Lease[] = [];
    for (let request = 0; request < 3; request++) {
      leases.push(admitted(ledger.admit(charges, NOON)));
      ledger = new Ledger(store);
      admitted(ledger.reserve(leases[request].id, cost(100), NOON));
      ledger = new Ledger(store);
    }
    expect(ledger.admit(charges, NOON)).toMatchObject({ limit: 'concurrent' });
    for (const { id } of leases) ledger.settle(id, cost(7), NOON);
    ledger = new Ledger(store);
    expect(ledger.usage('key:k', NOON)).toEqual({ requests: 3, running: 0, tokens: 21, micros: 210 });
    expect(store.kept.leases.size).toBe(0);
  });

  it('should keep a bounded number of addresses, and forget those of days before', () => {
    const store = new MemoryStore();
    const ledger = new Ledger(store);
    const limits = { requestsPerMinute: 2 };
    for (let client = 0; client < 20_500; client++) {
      const result = ledger.admit([charge(limits, addressAccount(String(client)))], NOON);
      if (!('limit' in result)) ledger.settle(result.id, cost(1), NOON);
    }
    expect(store.kept.accounts.size).toBe(20_001);
    expect(ledger.admit([charge(limits, addressAccount('one more'))], NOON)).toMatchObject({
      limit: 'requestsPerMinute',
      account: 'address:others',
    });
    admitted(ledger.admit([charge(limits, addressAccount('3'))], NOON));
    ledger.forget(NOON + DAY_MS);
    expect(store.kept.accounts.size).toBe(1);
  });
});

it.each([
  [0, '0ms'],
  [17, '17ms'],
  [999.2, '1000ms'],
  [6500, '6.5s'],
  [59_950, '1m0s'],
  [61_000, '1m1s'],
  [360_000, '6m0s'],
])('should write a duration as OpenAI does: %d ms', (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});
