import type { KeyRecord } from './keys/key-record.ts';
import type { KeyStore } from './keys/key-table.ts';
import type { AccountState } from './limits/account.ts';
import type { Lease, LedgerStore } from './limits/ledger.ts';

/** A table of named JSON values. Without rowids, a change writes one row, which is what the platform charges for. */
class JsonTable<T> {
  readonly #sql: SqlStorage;
  readonly #table: string;

  constructor(sql: SqlStorage, table: string) {
    this.#sql = sql;
    this.#table = table;
    sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`);
  }

  *all(): Iterable<[name: string, value: T]> {
    for (const { name, value } of this.#sql.exec<{ name: string; value: string }>(`SELECT name, value FROM ${this.#table}`))
      yield [name, JSON.parse(value) as T];
  }

  put(name: string, value: T): void {
    this.#sql.exec(`INSERT OR REPLACE INTO ${this.#table} (name, value) VALUES (?, ?)`, name, JSON.stringify(value));
  }

  delete(name: string): void {
    this.#sql.exec(`DELETE FROM ${this.#table} WHERE name = ?`, name);
  }
}

/** Keys, accounts and leases in an object's SQLite. */
export class SqlStore implements KeyStore, LedgerStore {
  readonly #keys: JsonTable<KeyRecord>;
  readonly #accounts: JsonTable<AccountState>;
  readonly #leases: JsonTable<Lease>;
  readonly #settings: JsonTable<string>;

  constructor(sql: SqlStorage) {
    this.#keys = new JsonTable(sql, 'keys');
    this.#accounts = new JsonTable(sql, 'accounts');
    this.#leases = new JsonTable(sql, 'leases');
    this.#settings = new JsonTable(sql, 'settings');
  }

  *keys(): Iterable<KeyRecord> {
    for (const [, record] of this.#keys.all()) yield record;
  }
  putKey(record: KeyRecord): void {
    this.#keys.put(record.id, record);
  }
  deleteKey(id: string): void {
    this.#keys.delete(id);
  }

  accounts(): Iterable<[string, AccountState]> {
    return this.#accounts.all();
  }
  putAccount(name: string, state: AccountState): void {
    this.#accounts.put(name, state);
  }
  deleteAccount(name: string): void {
    this.#accounts.delete(name);
  }

  *leases(): Iterable<Lease> {
    for (const [, lease] of this.#leases.all()) yield lease;
  }
  putLease(lease: Lease): void {
    this.#leases.put(lease.id, lease);
  }
  deleteLease(id: string): void {
    this.#leases.delete(id);
  }

  /** A random text that is made once. Client addresses are hashed with it, so that none can be read from the counts. */
  salt(): string {
    const [known] = [...this.#settings.all()].filter(([name]) => name === 'salt');
    if (known) return known[1];
    const salt = crypto.randomUUID();
    this.#settings.put('salt', salt);
    return salt;
  }
}
