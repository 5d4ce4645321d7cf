import { completeOptions, type KeyOptions, type KeyRecord } from './key-record.ts';
import { equalHashes, newKeyId, newSecret, sha256Hex, writeKey } from './key-text.ts';

/** Keys that a deployment has, revoked ones included until they are forgotten. All of them are kept in memory. */
export const MAX_KEYS = 10_000;
/** How long a key that has ended is still listed, in milliseconds. */
const REMEMBERED_MS = 90 * 86_400_000;

/** Where keys are kept over a restart. */
export interface KeyStore {
  keys(): Iterable<KeyRecord>;
  putKey(record: KeyRecord): void;
  deleteKey(id: string): void;
}

/** The keys of a deployment. */
export class KeyTable {
  readonly #store: KeyStore;
  readonly #keys = new Map<string, KeyRecord>();

  constructor(store: KeyStore) {
    this.#store = store;
    for (const record of store.keys()) this.#keys.set(record.id, record);
  }

  get all(): Iterable<KeyRecord> {
    return this.#keys.values();
  }

  get isFull(): boolean {
    return this.#keys.size >= MAX_KEYS;
  }

  /** The key of that id, if the hash is that of its secret. The time that it takes says nothing of the secret. */
  find(id: string, hash: string, now: number): KeyRecord | undefined {
    const record = this.#keys.get(id);
    if (record === undefined) return undefined;
    const { previous } = record;
    const isCurrent = equalHashes(record.hash, hash);
    const isPrevious = previous !== undefined && equalHashes(previous.hash, hash) && now < previous.until;
    return isCurrent || isPrevious ? record : undefined;
  }

  /** The key whose requests have that owner. */
  ofOwner(owner: string): KeyRecord | undefined {
    return [...this.#keys.values()].find((record) => record.owner === owner);
  }

  /** @returns the whole key, and what is kept of it */
  async create(options: KeyOptions, now: number): Promise<{ key: string; record: KeyRecord }> {
    const [id, secret] = [newKeyId(), newSecret()];
    const [hash, owner] = [await sha256Hex(secret), (await sha256Hex(`owner ${id}`)).slice(0, 32)];
    const record = { ...completeOptions(options), id, owner, hash, created: now };
    this.#put(record);
    return { key: writeKey({ kind: options.kind, id, secret }), record };
  }

  revoke(id: string, now: number): KeyRecord | undefined {
    const record = this.#keys.get(id);
    return record && this.#put({ ...record, previous: undefined, revoked: record.revoked ?? now });
  }

  /** @returns the whole new key; undefined if there is no such key, or it was revoked */
  async rotate(id: string, graceMs: number, now: number): Promise<{ key: string; record: KeyRecord } | undefined> {
    const secret = newSecret();
    const hash = await sha256Hex(secret);
    const record = this.#keys.get(id);
    if (record === undefined || record.revoked !== undefined) return undefined;
    const previous = graceMs > 0 ? { hash: record.hash, until: now + graceMs } : undefined;
    return { key: writeKey({ kind: record.kind, id, secret }), record: this.#put({ ...record, hash, previous }) };
  }

  /** Forgets the keys that ended long ago. */
  forget(now: number): void {
    for (const { id, revoked, expires } of this.#keys.values()) {
      if (Math.min(revoked ?? now, expires ?? now) > now - REMEMBERED_MS) continue;
      this.#keys.delete(id);
      this.#store.deleteKey(id);
    }
  }

  #put(record: KeyRecord): KeyRecord {
    this.#keys.set(record.id, record);
    this.#store.putKey(record);
    return record;
  }
}
