/** What a key is for: a secret key for servers, or a publishable one, which a page shows to everyone who reads it. */
export const KEY_KINDS = ['secret', 'publishable'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** A key as a client sends it, in parts. */
export interface KeyText {
  kind: KeyKind;
  /** Names the key. It is no secret, and says nothing of the key's other half. */
  id: string;
  /** 256 random bits, which only the key's holder has. */
  secret: string;
}

const PREFIXES: Record<KeyKind, string> = { secret: 'ge_sk', publishable: 'ge_pk' };
/** Bytes of a secret, and of an id. */
const SECRET_BYTES = 32;
const ID_BYTES = 8;
const KEY = /^ge_(sk|pk)_([0-9a-f]{16})_([0-9a-f]{64})$/;
/** Whatever begins as a key does, whole or not. */
const ANY_KEY = /\bge_(sk|pk)_[\w-]*/g;

const randomHex = (bytes: number): string => toHex(crypto.getRandomValues(new Uint8Array(bytes)));
export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const newKeyId = (): string => randomHex(ID_BYTES);
export const newSecret = (): string => randomHex(SECRET_BYTES);

/** The whole key, which is shown once. */
export const writeKey = ({ kind, id, secret }: KeyText): string => `${PREFIXES[kind]}_${id}_${secret}`;

/** Reads what a client sent; undefined if it does not have the form of a key. */
export function parseKey(text: string): KeyText | undefined {
  const [, kind, id, secret] = KEY.exec(text) ?? [];
  return kind === undefined ? undefined : { kind: kind === 'sk' ? 'secret' : 'publishable', id, secret };
}

/** Whether a text is meant to be one of our keys, whole or not. Other programs' keys are not. */
export const looksLikeKey = (text: string): boolean => /^ge_(sk|pk)_/.test(text);

/** A text as it may be written down: without the keys that it contains. */
export const withoutKeys = (text: string): string => text.replace(ANY_KEY, 'ge_$1_…');

/**
 * SHA-256 in hex. A slow hash, as for passwords, would add nothing: nobody can try all of 256 random bits.
 */
export async function sha256Hex(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

/** Compares two hashes in a time that does not depend on where they differ. Their length is no secret. */
export function equalHashes(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let index = 0; index < one.length; index++) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}
