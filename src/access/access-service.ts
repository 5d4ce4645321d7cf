import type { KeyOptions, KeySummary } from './keys/key-record.ts';
import type { KeyKind } from './keys/key-text.ts';
import type { Allowances, Refused } from './limits/ledger.ts';
import type { Limits, Prices } from './limits/limits.ts';

/** What a deployment's variables say of limits, for all requests. */
export interface AccessPolicy {
  /** Those of each client address without a key; null if such requests are not counted. */
  addressLimits: Limits | null;
  /** Those of all requests together. */
  deploymentLimits: Limits;
  prices: Prices;
}

/** A request that wants to be admitted. */
export interface AdmissionRequest {
  /** The key's id and the hash of its secret; undefined for a request without a key. */
  key?: { id: string; kind: KeyKind; hash: string };
  /** Where the request comes from. */
  address: string;
  /** What the browser says, if it is one. */
  origin?: string;
  /** The path below which the API is mounted left out. */
  path: string;
  policy: AccessPolicy;
}

/** Why a key is not accepted. What an attacker could learn from is one reason: whether a key exists. */
export type KeyFault = 'invalid' | 'revoked' | 'expired' | 'origin' | 'route';

/** An admitted request. It is data, so that it can be handed on to where the engine runs. */
export interface Admitted {
  lease: string;
  /** Whose request it is. */
  owner: string;
  /** The models that it may use; all, if there are none. */
  models: readonly string[];
  /** Origins whose pages may read the answer, besides the deployment's. */
  origins: readonly string[];
  /** Whether tokens must be reserved before they are generated. */
  reserves: boolean;
  prices: Prices;
  allowances: Allowances;
  /** Whether nobody waits for the answer: the line of a batch gives way to whoever does. */
  isOffline?: true;
}

export type Admission =
  | { admitted: Admitted }
  | { fault: KeyFault; origins: readonly string[] }
  | { refused: Refused; origins: readonly string[]; allowances: Allowances };

export type Reservation = { allowances: Allowances } | { refused: Refused; allowances: Allowances };

/** How a request has ended. */
export interface Outcome {
  status: number;
  model?: string;
  promptTokens: number;
  completionTokens: number;
  milliseconds: number;
}

/** The keys and counts of a deployment, which live in one place. `AccessObject` is that place. */
export interface AccessService {
  admit(request: AdmissionRequest): Promise<Admission>;
  /**
   * Admits a request that someone's earlier request has left behind, such as a line of a batch: as their key stands now,
   * and by the limits of the day alone.
   */
  admitOwner(owner: string, path: string, policy: AccessPolicy): Promise<Admission>;
  /** Reserves the most tokens that a request may use. @returns undefined if its lease has expired */
  reserve(lease: string, promptTokens: number, completionTokens: number, prices: Prices): Promise<Reservation | undefined>;
  settle(lease: string, outcome: Outcome, prices: Prices): Promise<void>;
  renew(lease: string): Promise<void>;
  /** Whether any live key may be used by pages of that origin. */
  knowsOrigin(origin: string): Promise<boolean>;
  /** @returns the key, which cannot be read again @throws GptEdgeError `invalid_value` when there are too many */
  createKey(options: KeyOptions): Promise<{ key: string; summary: KeySummary } | { fault: string }>;
  listKeys(): Promise<KeySummary[]>;
  /** @returns undefined if there is no such key */
  revokeKey(id: string): Promise<KeySummary | undefined>;
  /** Gives a key another secret. The one before counts for so many seconds more. @returns undefined if there is no such live key */
  rotateKey(id: string, graceSeconds: number): Promise<{ key: string; summary: KeySummary } | undefined>;
  /** Counts since the object started, in the text format of Prometheus. */
  metrics(): Promise<string>;
}
