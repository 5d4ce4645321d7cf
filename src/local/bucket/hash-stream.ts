import { createHash } from 'node:crypto';

/** SHA-256, in hexadecimal digits, of what a stream yields. */
export async function hashStream(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}
