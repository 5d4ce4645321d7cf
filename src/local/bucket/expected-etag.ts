import { createHash } from 'node:crypto';
import { openFile } from '../../convert/files/open-file.ts';
import { readRange } from '../../convert/files/read-range.ts';
import { PART_BYTES } from './put-file.ts';

const md5 = (bytes: Uint8Array): Buffer => createHash('md5').update(bytes).digest();

/**
 * The etag that R2 states of a file that arrived as it is: the MD5 of its bytes, or, of an upload in parts, the MD5 of
 * the parts' MD5s, with their number. So an upload is verified by what R2 has computed, and not downloaded again.
 */
export async function expectedEtag(path: string): Promise<string> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    if (size <= PART_BYTES) return md5(await readRange(file, 0, size, path)).toString('hex');
    const parts: Buffer[] = [];
    for (let start = 0; start < size; start += PART_BYTES)
      parts.push(md5(await readRange(file, start, Math.min(PART_BYTES, size - start), path)));
    return `${md5(Buffer.concat(parts)).toString('hex')}-${parts.length}`;
  } finally {
    await file.close();
  }
}
