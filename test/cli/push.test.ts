import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile } from '../../src/convert/files/hash-file.ts';
import { fileKey, pointerKey, versionKey } from '../../src/core/folder/stored-model.ts';
import type { Bucket, ModelBucket } from '../../src/local/bucket/bucket.ts';
import { listObjects } from '../../src/local/bucket/list-objects.ts';
import { withLocalBucket } from '../../src/local/bucket/local-bucket.ts';
import { listVersions } from '../../src/local/bucket/model-versions.ts';
import { readCurrent } from '../../src/local/bucket/pointer.ts';
import { pruneModel, UNFINISHED_HOURS } from '../../src/local/bucket/prune-model.ts';
import { pushModel } from '../../src/local/bucket/push-model.ts';
import { PART_BYTES } from '../../src/local/bucket/put-file.ts';
import { removeFromBucket } from '../../src/local/bucket/remove-from-bucket.ts';
import { rollBack } from '../../src/local/bucket/roll-back.ts';
import { type ModelFolder, openModelFolder } from '../../src/local/model-folder.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';

const ID = 'tinystories-gpt2';
/** Weights that differ in this test from those of the default model. */
const weightsKey = ({ manifest }: ModelFolder): string => fileKey(ID, manifest.files['model.onnx_data'].sha256);

async function sha256Of({ bucket }: ModelBucket, key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of (await bucket.get(key))!.body) hash.update(chunk);
  return hash.digest('hex');
}

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
    delete: (keys) => bucket.delete(keys),
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

  /** A copy of the default model with a sentence more in its card. */
  async function makeModel(name: string, sentence: string) {
    const path = join(folder, name);
    await cp(DEFAULT_MODEL, path, { recursive: true });
    const { manifest } = await openModelFolder(path);
    await writeFile(join(path, 'README.md'), `${await readFile(join(path, 'README.md'), 'utf8')}\n${sentence}\n`);
    manifest.files['README.md'] = await hashFile(join(path, 'README.md'));
    await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest));
    return openModelFolder(path);
  }

  const inBucket = <T>(use: (models: ModelBucket) => Promise<T>) => withLocalBucket(join(folder, 'state'), use);
  const keysOf = async ({ bucket }: ModelBucket) => (await listObjects(bucket, `models/${ID}/`)).map(({ key }) => key).sort();

  it('should put every file under its hash, move the pointer last, and later put only the changed files', async () => {
    const model = await makeModel('one', 'One.');
    const other = await makeModel('two', 'Two.');
    await inBucket(async (models) => {
      const keys: string[] = [];
      const target = watched(models, () => {});
      target.bucket.put = (key, ...rest) => {
        keys.push(key);
        return models.bucket.put(key, ...rest);
      };
      const { version, former, put } = await pushModel(model, target);
      expect(former).toBeNull();
      expect(put.toSorted()).toEqual(Object.keys(model.manifest.files).toSorted());
      expect(keys.slice(-2)).toEqual([versionKey(ID, version), pointerKey(ID)]);
      expect(await hashFile(join(model.path, 'manifest.json'))).toMatchObject({ sha256: expect.stringMatching(`^${version}`) });
      const { sha256, bytes } = model.manifest.files['model.onnx_data'];
      expect(await models.bucket.head(weightsKey(model))).toMatchObject({ size: bytes, customMetadata: { name: 'model.onnx_data' } });
      expect(await sha256Of(models, weightsKey(model))).toBe(sha256);

      keys.length = 0;
      expect(await pushModel(model, target)).toEqual({ version, former: version, put: [] });
      expect(keys).toEqual([]);
      const second = await pushModel(other, models);
      expect(second).toEqual({ version: expect.stringMatching(/^[0-9a-f]{12}$/), former: version, put: ['README.md'] });
      expect((await listVersions(models.bucket, ID)).map(({ version, isCurrent }) => [version, isCurrent])).toEqual([
        [second.version, true],
        [version, false],
      ]);
    });
  });

  it('should put a file again that is there with other bytes', async () => {
    const model = await makeModel('one', 'One.');
    await inBucket(async (models) => {
      const { version } = await pushModel(model, models);
      const key = fileKey(ID, model.manifest.files['config.json'].sha256);
      await models.bucket.put(key, new Uint8Array(model.manifest.files['config.json'].bytes));
      expect(await pushModel(model, models)).toEqual({ version, former: version, put: ['config.json'] });
      expect(await sha256Of(models, key)).toBe(model.manifest.files['config.json'].sha256);
    });
  });

  it('should continue an upload that was interrupted, and leave what is served as it is until then', async () => {
    const former = await makeModel('one', 'One.');
    const model = await makeLargeModel();
    const parts = Math.ceil(model.manifest.files['model.onnx_data'].bytes / PART_BYTES);
    expect(parts).toBeGreaterThan(1);
    const served = await inBucket(async (models) => {
      const { version } = await pushModel(former, models);
      const failing = watched(models, (partNumber) => {
        if (partNumber === 2) throw new Error('the connection is lost');
      });
      await expect(pushModel(model, failing)).rejects.toThrow('the connection is lost');
      expect(await models.bucket.head(weightsKey(model))).toBeNull();
      expect(await readCurrent(models.bucket, ID)).toBe(version);
      expect(await listVersions(models.bucket, ID)).toHaveLength(1);
      return version;
    });
    await inBucket(async (models) => {
      const sent: number[] = [];
      const pushed = await pushModel(
        model,
        watched(models, (partNumber) => sent.push(partNumber)),
      );
      expect(sent).toEqual(Array.from({ length: parts - 1 }, (_, index) => index + 2));
      expect(pushed.former).toBe(served);
      expect(await readCurrent(models.bucket, ID)).toBe(pushed.version);
      expect(await sha256Of(models, weightsKey(model))).toBe(model.manifest.files['model.onnx_data'].sha256);
    });
  });

  it('should start again if the bucket no longer knows the upload', async () => {
    const model = await makeLargeModel();
    await inBucket(async (models) => {
      await models.uploads.set(weightsKey(model), { uploadId: 'forgotten', parts: [{ partNumber: 1, etag: 'x' }] });
      await pushModel(model, models);
      expect(await sha256Of(models, weightsKey(model))).toBe(model.manifest.files['model.onnx_data'].sha256);
    });
  });

  it('should report a file that arrived damaged, delete it, and leave what is served as it is', async () => {
    const former = await makeModel('one', 'One.');
    const model = await makeLargeModel();
    await inBucket(async (models) => {
      const { version } = await pushModel(former, models);
      const target = watched(models, () => {});
      const original = target.bucket.resumeMultipartUpload;
      target.bucket.resumeMultipartUpload = (key, uploadId) => {
        const upload = original(key, uploadId);
        return { ...upload, uploadPart: (partNumber, bytes) => upload.uploadPart(partNumber, bytes.fill(0, 0, 1000)) };
      };
      await expect(pushModel(model, target)).rejects.toMatchObject({
        code: 'command_failed',
        message: expect.stringContaining('model.onnx_data arrived damaged'),
      });
      expect(await models.bucket.head(weightsKey(model))).toBeNull();
      expect(await readCurrent(models.bucket, ID)).toBe(version);
    });
  });

  it('should let R2 refuse a small file that arrives damaged', async () => {
    const former = await makeModel('one', 'One.');
    const model = await makeModel('two', 'Two.');
    await inBucket(async (models) => {
      const { version } = await pushModel(former, models);
      const target = watched(models, () => {});
      target.bucket.put = (key, bytes, options) => models.bucket.put(key, options ? bytes.fill(0, 0, 10) : bytes, options);
      await expect(pushModel(model, target)).rejects.toThrow();
      expect(await readCurrent(models.bucket, ID)).toBe(version);
    });
  });

  it('should roll back to the version that was pushed before, or to one that is named', async () => {
    const models = await Promise.all(['One.', 'Two.', 'Three.'].map((text) => makeModel(text, text)));
    await inBucket(async (target) => {
      const { bucket } = target;
      await expect(rollBack(bucket, ID)).rejects.toThrow(`The bucket has no version of ${ID} that is served.`);
      const versions: string[] = [];
      for (const model of models) versions.push((await pushModel(model, target)).version);
      const [one, two, three] = versions;
      expect(await rollBack(bucket, ID)).toEqual({ version: two, former: three });
      expect(await readCurrent(bucket, ID)).toBe(two);
      expect(await rollBack(bucket, ID)).toEqual({ version: one, former: two });
      await expect(rollBack(bucket, ID)).rejects.toThrow(`No version of ${ID} was pushed before ${one}.`);
      expect(await rollBack(bucket, ID, three.slice(0, 5))).toEqual({ version: three, former: one });
      await expect(rollBack(bucket, ID, 'abc-nothing')).rejects.toThrow(`${ID} has no version "abc-nothing". There are ${three}`);
      await expect(rollBack(bucket, ID, '')).rejects.toThrow('has several versions that begin with');
      // What is pushed again is the last one that was pushed.
      expect(await pushModel(models[0], target)).toEqual({ version: one, former: three, put: [] });
      expect(await rollBack(bucket, ID)).toEqual({ version: three, former: one });
      await bucket.delete(fileKey(ID, models[0].manifest.files['README.md'].sha256));
      await expect(rollBack(bucket, ID, one)).rejects.toThrow(`README.md of ${ID}@${one} is not in the bucket as it was pushed.`);
      expect(await readCurrent(bucket, ID)).toBe(three);
    });
  });

  it('should prune versions that nothing names, with the files that only they have, and nothing that is being pushed', async () => {
    const models = await Promise.all(['One.', 'Two.', 'Three.'].map((text) => makeModel(text, text)));
    await inBucket(async (target) => {
      const { bucket } = target;
      const [one, two, three] = [
        await pushModel(models[0], target),
        await pushModel(models[1], target),
        await pushModel(models[2], target),
      ];
      await rollBack(bucket, ID, one.version);
      const unfinished = fileKey(ID, 'a'.repeat(64));
      const unversioned = ['manifest.json', 'adapters/fairytale/adapter.bin'].map((name) => `models/${ID}/${name}`);
      for (const key of [unfinished, ...unversioned]) await bucket.put(key, new Uint8Array(3));
      const cards = models.map(({ manifest }) => fileKey(ID, manifest.files['README.md'].sha256));
      const before = await keysOf(target);
      const { size } = await stat(join(models[1].path, 'manifest.json'));
      const bytes = size + models[1].manifest.files['README.md'].bytes + 2 * 3;
      expect(await pruneModel(bucket, ID, 1)).toEqual({ versions: [two.version], bytes });
      const gone = [versionKey(ID, two.version), cards[1], ...unversioned];
      expect(await keysOf(target)).toEqual(before.filter((key) => !gone.includes(key)));
      // The file of a push that never ended goes after some time.
      expect(await pruneModel(bucket, ID, 1, Date.now() + (UNFINISHED_HOURS + 1) * 3_600_000)).toEqual({ versions: [], bytes: 3 });
      expect(await pruneModel(bucket, ID, 0)).toMatchObject({ versions: [three.version] });
      expect(await keysOf(target)).toEqual(
        [
          pointerKey(ID),
          versionKey(ID, one.version),
          ...Object.values(models[0].manifest.files).map(({ sha256 }) => fileKey(ID, sha256)),
        ].sort(),
      );
      await removeFromBucket(bucket, ID);
      expect(await keysOf(target)).toEqual([]);
    });
  });

  it('should leave a folder from before there were versions as it is, and serve a version in its place', async () => {
    const model = await makeModel('one', 'One.');
    await inBucket(async (target) => {
      const { bucket } = target;
      const old = `models/${ID}/manifest.json`;
      await bucket.put(old, await readFile(join(DEFAULT_MODEL, 'manifest.json')));
      expect(await pruneModel(bucket, ID, 0)).toEqual({ versions: [], bytes: 0 });
      expect(await pushModel(model, target)).toMatchObject({ former: null });
      expect(await bucket.head(old)).not.toBeNull();
    });
  });
});
