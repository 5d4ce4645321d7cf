import { env, SELF } from 'cloudflare:test';
import { isAdapterFile } from '../../src/core/folder/adapter-files.ts';
import type { Manifest } from '../../src/core/folder/manifest.ts';
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

/** Puts a model folder of the project into the bucket, under another id if one is given, and with its adapters if asked for. */
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

/** Replaces one file of a model in the bucket, and its hash in the manifest, as pushing a new version does. */
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
