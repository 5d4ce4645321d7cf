import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FetchedModel, fetchFromHub, type HubRequest } from '../../../src/local/hub/fetch-from-hub.ts';
import { parseHubName } from '../../../src/local/hub/hub-name.ts';
import { readHubSettings } from '../../../src/local/hub/hub-settings.ts';
import { runCli } from '../../cli/run-cli.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { LoopbackHub, oidOf } from './loopback-hub.ts';

const NAME = 'someone/Some-Model';
const random = new SeededRandom(1);
const bytes = (length: number) => Uint8Array.from({ length }, () => random.integer(256));
const WEIGHTS = bytes(3_000_000);
const text = (value: string) => new TextEncoder().encode(value);
const CHECKPOINT = new Map([
  ['.gitattributes', text('')],
  ['README.md', text('# A model')],
  ['config.json', text('{}')],
  ['model.safetensors', WEIGHTS],
  ['pytorch_model.bin', bytes(20_000)],
  ['tokenizer.json', text('{"model": {}}')],
  ['tokenizer_config.json', text('{"a": 1}')],
  ['training/log.txt', text('…')],
]);

let hub: LoopbackHub;
let folder: string;
beforeEach(async () => {
  hub = new LoopbackHub();
  await hub.start();
  hub.repos.set(NAME, { files: CHECKPOINT });
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-hub-'));
});
afterEach(async () => {
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

const variables = (more: Record<string, string> = {}) => ({ HF_ENDPOINT: hub.url, HF_HOME: folder, ...more });

async function fetchModel(name = NAME, request: Partial<HubRequest> = {}, more: Record<string, string> = {}): Promise<FetchedModel> {
  return fetchFromHub(parseHubName(name), await readHubSettings(variables(more)), { limitBytes: 128e6, ...request });
}

/** The requests for the weights. */
const transfers = () => hub.requests.filter(({ path }) => path.startsWith('/store/'));

describe('fetchFromHub', () => {
  it("should bring a checkpoint's own files into the cache that all of Hugging Face's tools share, and say so", async () => {
    const notes: string[] = [];
    const progress: number[] = [];
    const fetched = await fetchModel(NAME, { onNote: (note) => notes.push(note), onProgress: (now) => progress.push(now.bytes) });
    const commit = hub.commit(NAME);
    expect(fetched).toEqual({
      path: join(folder, 'hub', 'models--someone--Some-Model', 'snapshots', commit),
      name: 'Some-Model',
      origin: `${NAME}@${commit.slice(0, 12)}`,
      dtype: undefined,
    });
    for (const name of ['README.md', 'config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
      expect((await readFile(join(fetched.path, name))).equals(CHECKPOINT.get(name)!), name).toBe(true);
    for (const name of ['pytorch_model.bin', 'training/log.txt']) await expect(stat(join(fetched.path, name))).rejects.toThrow('ENOENT');
    expect(await readFile(join(folder, 'hub', 'models--someone--Some-Model', 'refs', 'main'), 'utf8')).toBe(commit);
    expect(notes).toEqual(['model.safetensors is taken: safetensors are the checkpoint itself.']);
    expect(progress.at(-1)).toBe(hub.sentBytes);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  });

  it('should download nothing that lies in the cache already, and mend what is damaged there', async () => {
    const { path } = await fetchModel();
    const sent = hub.sentBytes;
    await fetchModel();
    expect(hub.sentBytes).toBe(sent);
    await writeFile(join(path, 'model.safetensors'), bytes(WEIGHTS.length));
    await fetchModel();
    expect(hub.sentBytes).toBe(sent + WEIGHTS.length);
    expect((await readFile(join(path, 'model.safetensors'))).equals(WEIGHTS)).toBe(true);
  });

  it('should use the cache alone if the hub cannot be reached, or must not be asked', async () => {
    const { path } = await fetchModel();
    await hub.stop();
    const notes: string[] = [];
    expect((await fetchModel(NAME, { onNote: (note) => notes.push(note) })).path).toBe(path);
    expect(notes[0]).toBe('The hub cannot be reached: what is in the local cache is used.');
    expect((await fetchModel(NAME, {}, { HF_HUB_OFFLINE: '1' })).path).toBe(path);
    await expect(fetchModel('someone/other', {}, { HF_HUB_OFFLINE: '1' })).rejects.toThrow(
      'someone/other is not in the local cache, and HF_HUB_OFFLINE says that the hub must not be asked. Unset it, or convert a folder.',
    );
    await hub.start();
  });

  it('should continue a transfer that breaks off, with no more twice than what was on its way', async () => {
    const small = [...CHECKPOINT].filter(([name]) => /^(README|config|tokenizer)/.test(name));
    const smallBytes = small.reduce((sum, [, { length }]) => sum + length, 0);
    hub.faults.cutAfter = [1, 999_999, 700_000];
    await fetchModel();
    // A break throws away what has come and was not read yet, which is nothing unless the machine is busy.
    const onItsWay = 256 * 1024;
    const starts = transfers().map(({ range }) => Number(/^bytes=(\d+)-2999999$/.exec(range ?? '')?.[1] ?? 0));
    expect(starts).toHaveLength(4);
    for (const [index, cut] of [1, 999_999, 700_000].entries()) {
      const sent = starts[index] + cut;
      expect(starts[index + 1]).toBeLessThanOrEqual(sent);
      expect(starts[index + 1]).toBeGreaterThanOrEqual(sent - onItsWay);
    }
    const again = hub.sentBytes - (WEIGHTS.length + smallBytes);
    expect(again).toBeGreaterThanOrEqual(0);
    expect(again).toBeLessThanOrEqual(3 * onItsWay);
  });

  it('should continue an interrupted command where it ended, with what had come', async () => {
    hub.faults.delay = 5;
    const interruption = new AbortController();
    hub.faults.onSent = (sent) => {
      if (sent > 1_000_000) interruption.abort(new Error('interrupted'));
    };
    await expect(fetchModel(NAME, { signal: interruption.signal })).rejects.toThrow('interrupted');
    hub.faults.onSent = undefined;
    const incomplete = join(folder, 'hub', 'models--someone--Some-Model', 'blobs', `${oidOf(WEIGHTS)}.incomplete`);
    const { size } = await stat(incomplete);
    expect(size).toBeGreaterThan(500_000);
    expect((await readFile(incomplete)).equals(WEIGHTS.subarray(0, size))).toBe(true);
    await fetchModel();
    expect(transfers().at(-1)?.range).toBe(`bytes=${size}-2999999`);
  });

  it('should begin again if what had come before is not of this file', async () => {
    const blobs = join(folder, 'hub', 'models--someone--Some-Model', 'blobs');
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${oidOf(WEIGHTS)}.incomplete`), bytes(1000));
    const { path } = await fetchModel();
    expect((await readFile(join(path, 'model.safetensors'))).equals(WEIGHTS)).toBe(true);
    expect(transfers().map(({ range }) => range)).toEqual(['bytes=1000-2999999', undefined]);
  });

  it('should take what it lacks from a server that knows no ranges', async () => {
    hub.faults.cutAfter = [1_000_000];
    hub.faults.ignoresRanges = true;
    const { path } = await fetchModel();
    expect((await readFile(join(path, 'model.safetensors'))).equals(WEIGHTS)).toBe(true);
  });

  it('should refuse a file whose hash is not what the hub states', async () => {
    hub.repos.set(NAME, { files: CHECKPOINT, falseHashes: new Map([['model.safetensors', '0'.repeat(64)]]) });
    await expect(fetchModel()).rejects.toThrow(
      `${NAME}: model.safetensors is not what the hub states: its hash is wrong. What came was removed; try again.`,
    );
    await expect(stat(join(folder, 'hub', 'models--someone--Some-Model', 'blobs', `${'0'.repeat(64)}.incomplete`))).rejects.toThrow(
      'ENOENT',
    );
  });

  it('should wait for a hub that is busy', async () => {
    hub.faults.unavailable = 3;
    await expect(fetchModel()).resolves.toMatchObject({ name: 'Some-Model' });
    hub.faults.unavailable = 100;
    await expect(fetchModel()).rejects.toThrow(
      /^The hub at http:\/\/127\.0\.0\.1:\d+ answered 503 for someone\/Some-Model\. It was asked several times; try again later: busy$/,
    );
    hub.faults.unavailable = 0;
    hub.faults.page = '<html>Log in</html>';
    await expect(fetchModel()).rejects.toThrow(
      /answers otherwise than expected: it sends no JSON\. Is HF_ENDPOINT a hub, or does this network/,
    );
  });

  it('should send a token to the hub alone, and not to where the files lie', async () => {
    hub.repos.set(NAME, { files: CHECKPOINT, access: 'private' });
    await fetchModel(NAME, {}, { HF_TOKEN: hub.token });
    for (const { path, authorization } of hub.requests)
      expect(authorization, path).toBe(path.startsWith('/store/') ? undefined : `Bearer ${hub.token}`);
  });

  it('should take the token that the command line of the hub has kept', async () => {
    hub.repos.set(NAME, { files: CHECKPOINT, access: 'gated' });
    await writeFile(join(folder, 'token'), `${hub.token}\n`);
    await expect(fetchModel()).resolves.toMatchObject({ name: 'Some-Model' });
  });

  it('should go through a proxy', async () => {
    const through: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket, head) => {
      through.push(request.url!);
      const target = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        target.write(head);
        target.pipe(socket).pipe(target);
      });
      socket.on('error', () => target.destroy());
      target.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const port = (proxy.address() as AddressInfo).port;
    const env = { ...process.env, ...variables(), http_proxy: `http://127.0.0.1:${port}`, no_proxy: '' };
    try {
      // What the proxy brings is no checkpoint, which is found out after it was brought.
      const { stderr } = await runCli(['convert', NAME, join(folder, 'model')], undefined, env);
      expect(stderr).toMatch(/^gpt-edge: model\.safetensors: header length [^\n]*\n$/);
      expect(new Set(through)).toEqual(new Set([hub.url, hub.storeUrl].map((url) => new URL(url).host)));
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  const refusals: [string, Partial<{ name: string; access: 'gated' | 'private'; token: string }>, RegExp][] = [
    [
      'a gated model without a token',
      { access: 'gated' },
      /^someone\/Some-Model is gated: its owners want you to agree to their terms first\. Do so at http:\S+\/someone\/Some-Model, and set HF_TOKEN to a token of your account\.$/,
    ],
    [
      'a model that is not there',
      { name: 'someone/nothing' },
      /^someone\/nothing is not on the hub at http:\S+, or it is private\. Check the spelling; /,
    ],
    [
      'a private model without a token',
      { access: 'private' },
      /^someone\/Some-Model is not on the hub at http:\S+, or it is private\. Check the spelling; /,
    ],
    ['a token that the hub does not know', { token: 'hf_wrong' }, /^The hub at http:\S+ does not accept the token in HF_TOKEN\. /],
    ['a token that is none', { token: 'secret' }, /^HF_TOKEN is not a token of the hub, all of which begin with hf_\.$/],
    [
      'a revision that is not there',
      { name: `${NAME}@gone` },
      /^someone\/Some-Model has no such revision\. http:\S+ shows those that it has\.$/,
    ],
    ['a file that is not there', { name: `${NAME}:x.gguf` }, /^someone\/Some-Model has no file x\.gguf\. It has no GGUF file\.$/],
  ];
  it.each(refusals)('should say in a line what to do about %s', async (_, { name, access, token }, message) => {
    hub.repos.set(NAME, { files: CHECKPOINT, access });
    await expect(fetchModel(name, {}, token === undefined ? {} : { HF_TOKEN: token })).rejects.toThrow(message);
  });

  it('should say what to do without a network', async () => {
    await hub.stop();
    await expect(fetchModel()).rejects.toThrow(
      /^The hub at http:\S+ cannot be reached \(ECONNREFUSED\)\. Check the network and the variables HTTPS_PROXY and HF_ENDPOINT, or /,
    );
    await hub.start();
  });

  it('should leave files alone whose names lead out of their folder', async () => {
    hub.repos.set(NAME, { files: new Map([...CHECKPOINT, ['additional_chat_templates/../../x.jinja', text('x')], ['/etc/x', text('x')]]) });
    await fetchModel();
    expect(hub.requests.filter(({ path }) => /x/.test(path.split('resolve')[1] ?? ''))).toEqual([]);
  });
});
