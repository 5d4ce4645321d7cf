import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile } from '../../src/convert/files/hash-file.ts';
import type { Bucket, ModelBucket } from '../../src/local/bucket/bucket.ts';

import { withLocalBucket } from '../../src/local/bucket/local-bucket.ts';

import { pushModel } from '../../src/local/bucket/push-model.ts';
import { hashStream, PART_BYTES } from '../../src/local/bucket/put-file.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';

const WEIGHTS = 'models/tinystories-gpt2/model.onnx_data';

/**
 * The given bucket, except that it calls `onPart` before each part is uploaded. `onPart` may throw, since Miniflare
 * has no way to make an upload fail.
 */
function watched({ bucket, uploads }: ModelBucket, onPart: (partNumber: number) => void): ModelBucket {
  const resumeMultipartUpload: Bucket['resumeMultipartUpload'] = (key, uploadId) => {
    const upload = bucket.resumeMultipartUpload(key, uploadId);
    return {
      uploadId,
      uploadPart: async (partNumber, bytes) => {
        onPart(partNumber);
        return upload.uploadPart(partNumber, bytes);
      },
      complete: (parts) => upload.complete(parts),
      abort: () => upload.abort(),
    };
  };
  const bound: Bucket = {
    head: (key) => bucket.head(key),
    get: (key) => bucket.get(key),
    put: (key, bytes, options) => bucket.put(key, bytes, options),
    delete: (key) => bucket.delete(key),
    list: (options) => bucket.list(options),
    createMultipartUpload: (key, options) => bucket.createMultipartUpload(key, options),
    resumeMultipartUpload,
  };
  return { bucket: bound, uploads };
}

describe('pushModel', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-push-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /**
   * The default model with weights larger than two parts: copies of its own, which is enough because pushing reads no
   * graph.
   */
  async function makeLargeModel() {
    const path = join(folder, 'large');
    await cp(DEFAULT_MODEL, path, { recursive: true });
    const weights = await readFile(join(path, 'model.onnx_data'));
    const copies = Math.floor((2 * PART_BYTES) / weights.length) + 1;
    await writeFile(join(path, 'model.onnx_data'), Buffer.concat(new Array<Buffer>(copies).fill(weights)));
    const { manifest } = await openModelFolder(DEFAULT_MODEL);
    manifest.files['model.onnx_data'] = await hashFile(join(path, 'model.onnx_data'));
    await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest));
    return openModelFolder(path);
  }

  it('should put every file with its SHA-256, the manifest last, and later only the changed files', async () => {
    await cp(DEFAULT_MODEL, join(folder, 'model'), { recursive: true });
    const model = await openModelFolder(join(folder, 'model'));
    await withLocalBucket(join(folder, 'state'), async (models) => {
      const put = await pushModel(model, models);
      expect(put.toSorted()).toEqual([...Object.keys(model.manifest.files), 'manifest.json'].toSorted());
      expect(put.at(-1)).toBe('manifest.json');
      const { sha256, bytes } = model.manifest.files['model.onnx_data'];
      const object = await models.bucket.get(WEIGHTS);
      expect(object).toMatchObject({ size: bytes, customMetadata: { sha256 } });
      expect(await hashStream(object!.body)).toBe(sha256);
      expect(await pushModel(model, models)).toEqual([]);

      const config = await models.bucket.head('models/tinystories-gpt2/config.json');
      await models.bucket.put('models/tinystories-gpt2/config.json', new Uint8Array(3), {
        customMetadata: config!.customMetadata!,
      } as never);
      expect(await pushModel(model, models)).toEqual(['config.json']);

      const card = `${await readFile(join(model.path, 'README.md'), 'utf8')}\nMore.\n`;
      await writeFile(join(model.path, 'README.md'), card);
      const { manifest } = model;
      manifest.files['README.md'] = { bytes: Buffer.byteLength(card), sha256: createHash('sha256').update(card).digest('hex') };
      await writeFile(join(model.path, 'manifest.json'), JSON.stringify(manifest));
      expect(await pushModel(await openModelFolder(model.path), models)).toEqual(['README.md', 'manifest.json']);
    });
  });

  it('should continue an upload that was interrupted', async () => {
    const model = await makeLargeModel();
    const parts = Math.ceil(model.manifest.files['model.onnx_data'].bytes / PART_BYTES);
    expect(parts).toBeGreaterThan(1);
    await withLocalBucket(join(folder, 'state'), async (models) => {
      const failing = watched(models, (partNumber) => {
        if (partNumber === 2) throw new Error('the connection is lost');
      });
      await expect(pushModel(model, failing)).rejects.toThrow('the connection is lost');
      expect(await models.bucket.head(WEIGHTS)).toBeNull();
      expect(await models.bucket.head('models/tinystories-gpt2/manifest.json')).toBeNull();
    });
    await withLocalBucket(join(folder, 'state'), async (models) => {
      const sent: number[] = [];
      await pushModel(
        model,
        watched(models, (partNumber) => sent.push(partNumber)),
      );
      expect(sent).toEqual(Array.from({ length: parts - 1 }, (_, index) => index + 2));
      expect(await hashStream((await models.bucket.get(WEIGHTS))!.body)).toBe(model.manifest.files['model.onnx_data'].sha256);
    });
  });

  it('should start again if the bucket no longer knows the upload', async () => {
    const model = await makeLargeModel();
    const { sha256 } = model.manifest.files['model.onnx_data'];
    await withLocalBucket(join(folder, 'state'), async (models) => {
      await models.uploads.set(`${WEIGHTS} ${sha256}`, { uploadId: 'forgotten', parts: [{ partNumber: 1, etag: 'x' }] });
      await pushModel(model, models);
      expect(await hashStream((await models.bucket.get(WEIGHTS))!.body)).toBe(sha256);
    });
  });

  it('should report a file that arrived damaged, and delete it', async () => {
    const model = await makeLargeModel();
    await withLocalBucket(join(folder, 'state'), async (models) => {
      const target = watched(models, () => {});
      const original = target.bucket.resumeMultipartUpload;
      target.bucket.resumeMultipartUpload = (key, uploadId) => {
        const upload = original(key, uploadId);
        return { ...upload, uploadPart: (partNumber, bytes) => upload.uploadPart(partNumber, bytes.fill(0, 0, 1000)) };
      };
      await expect(pushModel(model, target)).rejects.toMatchObject({
        code: 'command_failed',
        message: expect.stringContaining(`${WEIGHTS} arrived damaged`),
      });
      expect(await models.bucket.head(WEIGHTS)).toBeNull();
    });
  });
});
