import { createHash, type Hash } from 'node:crypto';

/** A hash as the hub states it: SHA-256 for large files (LFS), and git's own SHA-1 for those that lie in git. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git-sha1';
  readonly hex: string;
}

/** Tells the kind of a hash from its length; undefined for a text that is none. */
export function digestOf(hex: string): Digest | undefined {
  if (/^[0-9a-f]{64}$/.test(hex)) return { algorithm: 'sha256', hex };
  return /^[0-9a-f]{40}$/.test(hex) ? { algorithm: 'git-sha1', hex } : undefined;
}

/** Begins to hash a file of `bytes` bytes. git hashes a file's length together with it. */
export function beginHash({ algorithm }: Digest, bytes: number): Hash {
  return algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
}
