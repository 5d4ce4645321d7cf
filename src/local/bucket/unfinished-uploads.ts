import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const uploadSchema = z.object({ uploadId: z.string(), parts: z.array(z.object({ partNumber: z.number().int(), etag: z.string() })) });
const fileSchema = z.record(z.string(), uploadSchema);

/** A multipart upload that was begun, and those of its parts that arrived. */
export type UnfinishedUpload = z.infer<typeof uploadSchema>;

/**
 * Keeps a record, in a file, of the multipart uploads under way, so that an interrupted upload can continue where it
 * ended: R2 itself does not tell which parts it has.
 */
export class UnfinishedUploads {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param key of the object, which has its content's hash, so that the upload of a changed file starts from the beginning */
  async get(key: string): Promise<UnfinishedUpload | undefined> {
    return (await this.#read())[key];
  }

  /** Records an upload's state; `undefined` removes the upload. */
  async set(key: string, upload: UnfinishedUpload | undefined): Promise<void> {
    const { [key]: _, ...others } = await this.#read();
    await mkdir(dirname(this.#path), { recursive: true });
    await writeFile(this.#path, JSON.stringify(upload ? { ...others, [key]: upload } : others));
  }

  /** If the file is missing or broken, uploads merely start from the beginning. */
  async #read(): Promise<z.infer<typeof fileSchema>> {
    const text = await readFile(this.#path, 'utf8').catch(() => '{}');
    try {
      return fileSchema.parse(JSON.parse(text));
    } catch {
      return {};
    }
  }
}
