import { env, SELF } from 'cloudflare:test';
import { isAdapterFile } from '../../src/core/folder/adapter-files.ts';
import type { Manifest } from '../../src/core/folder/manifest.ts';
import { fileKey, formatPointer, pointerKey, versionKey, versionOf } from '../../src/core/folder/stored-model.ts';
import { sha256 } from '../../src/storage/sha256.ts';

export interface TestEnv {
  MODELS: R2Bucket;
  MODEL_IDS: string;
  /** Serves the project's files by their path. */
  FILES: Fetcher;
}

export const testEnv = env as unknown as TestEnv;

export async function projectFile(path: string): Promise<ArrayBuffer> {
  const answer = await testEnv.FILES.fetch(`http://files/${path}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.arrayBuffer();
}

export async function projectJson<T>(path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await projectFile(path))) as T;
}

/** Puts a model folder of the project into the bucket as it was done before there were versions, under another id if one is given, and with its adapters if asked for. */
export async function seedModel(
  folder: string,
  options: { id?: string; bucket?: R2Bucket; withAdapters?: boolean } = {},
): Promise<Manifest> {
  const bucket = options.bucket ?? testEnv.MODELS;
  const whole = await projectJson<Manifest>(`${folder}/manifest.json`);
  const files = Object.entries(whole.files).filter(([name]) => options.withAdapters || !isAdapterFile(name));
  const manifest = { ...whole, files: Object.fromEntries(files) };
  const id = options.id ?? manifest.id;
  for (const name of Object.keys(manifest.files)) await bucket.put(`models/${id}/${name}`, await projectFile(`${folder}/${name}`));
  await bucket.put(`models/${id}/manifest.json`, JSON.stringify({ ...manifest, id }));
  return { ...manifest, id };
}

/**
 * Puts a version of the default model into the bucket, as `push` does, and makes it current.
 * @param changes files with other texts than the default model's
 * @returns the version
 */
export async function pushVersion(id: string, changes: Record<string, string> = {}): Promise<string> {
  const manifest = await projectJson<Manifest>(`${DEFAULT_MODEL}/manifest.json`);
  const files: Manifest['files'] = {};
  for (const [name, file] of Object.entries(manifest.files)) {
    const bytes = name in changes ? new TextEncoder().encode(changes[name]) : new Uint8Array(await projectFile(`${DEFAULT_MODEL}/${name}`));
    files[name] = name in changes ? { bytes: bytes.length, sha256: await sha256(bytes) } : file;
    await testEnv.MODELS.put(fileKey(id, files[name].sha256), bytes);
  }
  const text = new TextEncoder().encode(JSON.stringify({ ...manifest, id, files }));
  const version = versionOf(await sha256(text));
  await testEnv.MODELS.put(versionKey(id, version), text);
  await testEnv.MODELS.put(pointerKey(id), formatPointer(version));
  return version;
}

/** Replaces one file of a model in the bucket, and its hash in the manifest, as pushing did before there were versions. */
export async function replaceFile(id: string, name: string, text: string): Promise<void> {
  const key = `models/${id}/manifest.json`;
  const manifest = (await (await testEnv.MODELS.get(key))!.json()) as Manifest;
  const bytes = new TextEncoder().encode(text);
  manifest.files[name] = { bytes: bytes.length, sha256: await sha256(bytes) };
  await testEnv.MODELS.put(`models/${id}/${name}`, bytes);
  await testEnv.MODELS.put(key, JSON.stringify(manifest));
}

export const DEFAULT_MODEL = 'model-assets/tinystories-gpt2';

export const post = (path: string, body: unknown, init: RequestInit = {}): Promise<Response> =>
  SELF.fetch(`http://edge${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...init,
  } as RequestInit);

/** Posts a request and returns the JSON of its answer, which must have the status 200. */
export async function ask<T>(path: string, body: unknown): Promise<T> {
  const answer = await post(path, body);
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  return answer.json() as Promise<T>;
}

/** Returns the `data` of each event of a stream. The last one is `[DONE]` or an error. */
export async function readEvents(answer: Response): Promise<string[]> {
  const text = await answer.text();
  return text
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => event.replace(/^data: /, ''));
}
