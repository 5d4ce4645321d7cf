/** Computes a SHA-256, in 64 hexadecimal digits. */
export const sha256 = async (bytes: Uint8Array): Promise<string> => toHex(await crypto.subtle.digest('SHA-256', bytes));

/** The bytes of a hash in hexadecimal digits. */
export const toHex = (hash: ArrayBuffer): string => Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
