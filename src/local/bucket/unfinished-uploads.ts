import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { UploadedPart } from './bucket.ts';

const uploadSchema = z.object({ uploadId: z.string(), parts: z.array(z.object({ partNumber: z.number().int(), etag: z.string() })) });
const fileSchema = z.record(z.string(), uploadSchema);

/** A multipart upload that was begun, and the parts of it that arrived. */
export interface UnfinishedUpload {
  uploadId: string;
  parts: UploadedPart[];
}

/**
 * Remembers multipart uploads under way in a file, so that one that was interrupted goes on where it ended. R2 itself does
 * not tell which parts it has.
 */
export class UnfinishedUploads {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param name names bucket, object and content, so that a changed file begins anew */
  async get(name: string): Promise<UnfinishedUpload | undefined> {
    return (await this.#read())[name];
  }

  async set(name: string, upload: UnfinishedUpload | undefined): Promise<void> {
    const { [name]: _, ...others } = await this.#read();
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(this.#path, JSON.stringify(upload ? { ...others, [name]: upload } : others));
  }

  /** A file that is missing or broken only costs a beginning from nothing. */
  async #read(): Promise<z.infer<typeof fileSchema>> {
    const text = await readFile(this.#path, 'utf8').catch(() => '{}');
    try {
      return fileSchema.parse(JSON.parse(text));
    } catch {
      return {};
    }
  }
}
