import { env } from 'cloudflare:test';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import kernels from '../../../dist/kernels/relaxed.wasm';
import { createApp } from '../../../src/api/app.ts';
import { CHUNK_BYTES, type Manifest } from '../../../src/core/folder/manifest.ts';
import { sha256 } from '../../../src/storage/sha256.ts';
import { IsolateModels } from '../../../src/worker/isolate-models.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { DEFAULT_MODEL, seedModel, testEnv } from '../helpers.ts';
import { joined, mutatedBytes } from './mutate.ts';

const IS_LONG = (env as { LONG_TESTS?: string }).LONG_TESTS === 'true';
const ID = 'tinystories-gpt2';
const ADAPTER = 'adapters/fairytale';
/** Into how many regions a file is cut, of which each is tampered with so often. */
const [REGIONS, TIMES] = IS_LONG ? [16, 4] : [3, 1];

let manifest: Manifest;
beforeAll(async () => {
  manifest = await seedModel(DEFAULT_MODEL, { withAdapters: true });
});

const keyOf = (name: string) => `models/${ID}/${name}`;
const bytesOf = async (name: string) => new Uint8Array(await (await testEnv.MODELS.get(keyOf(name)))!.arrayBuffer());

/** What a manifest says of a file, as whoever tampers with both would write it. */
async function describeFile(bytes: Uint8Array): Promise<Manifest['files'][string]> {
  const parts = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, index) =>
    bytes.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
  );
  const chunks = parts.length > 1 ? { chunks: await Promise.all(parts.map(sha256)) } : {};
  return { bytes: bytes.length, sha256: await sha256(bytes), ...chunks };
}

/** The bucket, in which some objects are others. */
const withObjects = (objects: Record<string, Uint8Array>): R2Bucket =>
  new Proxy(testEnv.MODELS, {
    get: (bucket, name) => {
      if (name !== 'get') return Reflect.get(bucket, name).bind(bucket);
      return async (key: string, options?: R2GetOptions) => {
        const own = objects[key];
        if (own === undefined) return options ? bucket.get(key, options) : bucket.get(key);
        const { offset = 0, length = own.length } = (options?.range ?? {}) as { offset?: number; length?: number };
        const part = own.slice(offset, offset + length);
        const body = new Response(part).body!;
        return {
          size: own.length,
          uploaded: new Date(),
          body,
          arrayBuffer: async () => part.buffer,
          text: async () => new TextDecoder().decode(part),
        };
      };
    },
  });

/** Answers a completion and a chat over such a bucket, in a new isolate. @throws unless each is a right answer or a declared error */
async function expectDeclared(bucket: R2Bucket, what: string): Promise<number[]> {
  const host = new IsolateModels({
    bucket,
    ids: [ID],
    engineOf: () => ({ engine: 'edge', cacheFormat: 'auto' }),
    kernels,
    memoryLimitMegabytes: 128,
    keepAlive: () => {},
  });
  const app = createApp({ host, isPublic: true, log: () => {} });
  const asked: [path: string, body: object][] = [
    ['/v1/completions', { model: ID, prompt: 'Once', max_tokens: 2 }],
    ['/v1/completions', { model: `${ID}:fairytale`, prompt: 'Once', max_tokens: 2 }],
    ['/v1/chat/completions', { model: ID, messages: [{ role: 'user', content: 'Hi' }], max_tokens: 2, timeout_ms: 5000 }],
  ];
  const statuses: number[] = [];
  for (const [path, body] of asked) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await app.request(`http://edge${path}`, init);
    const text = await answer.text();
    expect([200, 400, 404, 408, 503], `${what}: ${text}`).toContain(answer.status);
    expect(text, what).not.toContain('internal_error');
    statuses.push(answer.status);
  }
  return statuses;
}

describe('a model that somebody has tampered with, and with its hashes', () => {
  it.each([
    'manifest.json',
    'config.json',
    'generation_config.json',
    'model.onnx',
    'model.onnx_data',
    'tokenizer.json',
    'tokenizer_config.json',
    `${ADAPTER}/adapter.json`,
    `${ADAPTER}/adapter.bin`,
  ])('should be served, or refused by name, whichever of its bytes are others: %s', async (name) => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(['manifest.json', ...Object.keys(manifest.files)]).toContain(name);
    const random = new SeededRandom(name.length);
    const bytes = await bytesOf(name);
    const size = Math.ceil(bytes.length / REGIONS);
    for (let region = 0; region * size < bytes.length; region++)
      for (let time = 0; time < TIMES; time++) {
        const part = mutatedBytes(bytes.subarray(region * size, (region + 1) * size), random);
        const whole = joined(bytes.subarray(0, region * size), part, bytes.subarray((region + 1) * size));
        const objects: Record<string, Uint8Array> = { [keyOf(name)]: whole };
        if (name !== 'manifest.json') {
          const files = { ...manifest.files, [name]: await describeFile(whole) };
          objects[keyOf('manifest.json')] = new TextEncoder().encode(JSON.stringify({ ...manifest, files }));
        }
        await expectDeclared(withObjects(objects), `${name}, region ${region}, time ${time}`);
      }
    expect(await expectDeclared(testEnv.MODELS, 'the model as it was')).toEqual([200, 200, 200]);
    vi.restoreAllMocks();
  });

  it.each([
    ['a loop without an end', '{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}'],
    ['a text that doubles', "{% set n = namespace(v='ab') %}{% for i in range(99) %}{% set n.v = n.v ~ n.v %}{% endfor %}{{ n.v }}"],
    ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['what reaches for the host', "{{ messages.constructor.constructor('return globalThis')() }}"],
    ['a template that is none', '{% if %}{{'],
  ])('should refuse the chat and answer everything else: %s', async (_, template) => {
    const name = 'tokenizer_config.json';
    const config = JSON.parse(new TextDecoder().decode(await bytesOf(name)));
    const whole = new TextEncoder().encode(JSON.stringify({ ...config, chat_template: template }));
    const files = { ...manifest.files, [name]: await describeFile(whole) };
    const changed = new TextEncoder().encode(JSON.stringify({ ...manifest, files }));
    const bucket = withObjects({ [keyOf(name)]: whole, [keyOf('manifest.json')]: changed });
    const [completion, variant, chat] = await expectDeclared(bucket, template);
    expect(chat).not.toBe(200);
    expect([completion, variant].every((status) => status === 200 || status === chat)).toBe(true);
  });
});
