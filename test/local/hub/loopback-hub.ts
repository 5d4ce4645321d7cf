import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** Files of this size and more lie in LFS on this hub, and are stated with their SHA-256. */
const LFS_BYTES = 10_000;
/** Files on one page of a list: few, so that the client must ask for the next one. */
const PAGE = 3;

/** A repository on the hub of the tests. */
export interface TestRepo {
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Who may read it; default: everyone. */
  readonly access?: 'gated' | 'private';
  /** Hashes that are stated in place of the right ones. */
  readonly falseHashes?: ReadonlyMap<string, string>;
}

/** A request as the hub received it. */
export interface SeenRequest {
  readonly path: string;
  readonly range?: string;
  readonly authorization?: string;
}

/** What goes wrong, changed by a test as it goes on. */
export interface Faults {
  /** Cuts the connection of a large file after so many bytes, as often as there are numbers. */
  cutAfter: number[];
  /** Answers every request for a range with the whole. */
  ignoresRanges: boolean;
  /** Answers so many requests with 503 first. */
  unavailable: number;
  /** Answers every request with this page, as a network does that asks for a login. */
  page?: string;
  /** Called while a file is sent, with the bytes of it sent so far. */
  onSent?: (bytes: number) => void;
  /** Milliseconds between two pieces of a file. */
  delay: number;
}

/** A hub on 127.0.0.1 that speaks the API that the client of the Hugging Face hub asks for. */
export class LoopbackHub {
  readonly repos = new Map<string, TestRepo>();
  readonly requests: SeenRequest[] = [];
  readonly faults: Faults = { cutAfter: [], ignoresRanges: false, unavailable: 0, delay: 0 };
  /** Accepts this token for what is gated or private. */
  readonly token = 'hf_loopback';
  /** Bytes of files that were sent. */
  sentBytes = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => void this.#answer(request, response).catch(() => response.destroy()));
  /** Large files come from another origin, as on the hub. */
  readonly #store = createServer((request, response) => void this.#answer(request, response).catch(() => response.destroy()));

  readonly #ports = [0, 0];

  /** Starts the hub, at the same address as before if it was stopped. */
  async start(): Promise<void> {
    for (const [index, server] of [this.#server, this.#store].entries()) {
      server.on('connection', (socket) => this.#sockets.add(socket));
      await new Promise<void>((resolve) => server.listen(this.#ports[index], '127.0.0.1', resolve));
      this.#ports[index] = (server.address() as AddressInfo).port;
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of [this.#server, this.#store]) await new Promise((resolve) => server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  get storeUrl(): string {
    return `http://127.0.0.1:${this.#ports[1]}`;
  }

  /** The commit that each revision but `gone` stands for. */
  commit(name: string): string {
    return createHash('sha1')
      .update(name)
      .update([...this.repos.get(name)!.files.keys()].join())
      .digest('hex');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.url);
    const path = decodeURIComponent(url.pathname);
    this.requests.push({ path, range: request.headers.range, authorization: request.headers.authorization });
    if (this.faults.unavailable > 0) {
      this.faults.unavailable--;
      return void response.writeHead(503, { 'retry-after': '0' }).end('busy');
    }
    if (this.faults.page !== undefined) return void response.writeHead(200, { 'content-type': 'text/html' }).end(this.faults.page);
    const [, name, rest] = /^(?:\/api\/models|\/store|)\/([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
    const repo = this.repos.get(name ?? '');
    if (path.startsWith('/store/')) return this.#send(request, response, repo!.files.get(rest.slice('blob/x/'.length))!, {});
    const isKnown = request.headers.authorization === `Bearer ${this.token}`;
    if (request.headers.authorization !== undefined && !isKnown)
      return refuse(response, 401, '', 'Invalid credentials in Authorization header');
    if (repo === undefined || (repo.access === 'private' && !isKnown))
      return refuse(response, isKnown ? 404 : 401, 'RepoNotFound', 'Repository not found');
    const [kind, revision, ...parts] = rest.split('/');
    if (revision === 'gone') return refuse(response, 404, 'RevisionNotFound', 'Invalid rev id: gone');
    if (kind === 'revision') return json(response, this.#info(name, repo));
    if (kind === 'tree') return this.#tree(response, name, repo, url);
    const file = repo.files.get(parts.join('/'));
    if (file === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
    if (repo.access === 'gated' && !isKnown) return refuse(response, 401, 'GatedRepo', `Access to model ${name} is restricted.`);
    const etag = { 'x-linked-etag': `"${oidOf(file)}"`, etag: `"${oidOf(file)}"`, 'x-repo-commit': this.commit(name) };
    if (file.length < LFS_BYTES) return this.#send(request, response, file, etag);
    response
      .writeHead(302, { ...etag, 'x-linked-size': file.length, location: `${this.storeUrl}/store/${name}/blob/x/${parts.join('/')}` })
      .end();
  }

  #info(name: string, { access }: TestRepo): object {
    const gated = access === 'gated' ? 'manual' : false;
    return {
      _id: '1',
      id: name,
      sha: this.commit(name),
      private: access === 'private',
      gated,
      downloads: 1,
      likes: 1,
      lastModified: '2026-01-01T00:00:00.000Z',
    };
  }

  #tree(response: ServerResponse, name: string, { files, falseHashes }: TestRepo, url: URL): void {
    const entries = [...files].map(([path, bytes]) => {
      const oid = falseHashes?.get(path) ?? oidOf(bytes);
      const lfs = bytes.length < LFS_BYTES ? {} : { lfs: { oid, size: bytes.length, pointerSize: 134 } };
      return { type: 'file', path, size: bytes.length, oid: 'lfs' in lfs ? gitOid(Buffer.from('pointer')) : oid, ...lfs };
    });
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const folder = { type: 'directory', path: 'onnx', size: 0, oid: gitOid(Buffer.from('tree')) };
    const next = `<${this.url}/api/models/${name}/tree/${this.commit(name)}?recursive=true&expand=false&cursor=${from + PAGE}>; rel="next"`;
    if (from + PAGE < entries.length) response.setHeader('link', next);
    json(response, [...(from === 0 ? [folder] : []), ...entries.slice(from, from + PAGE)]);
  }

  async #send(request: IncomingMessage, response: ServerResponse, file: Uint8Array, headers: Record<string, string>): Promise<void> {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec((this.faults.ignoresRanges ? '' : request.headers.range) ?? '') ?? [];
    const [start, end] =
      first === undefined ? [0, file.length] : [Number(first), Math.min(file.length, Number(last || file.length - 1) + 1)];
    const range = first === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.length}` };
    response.writeHead(first === undefined ? 200 : 206, { ...headers, ...range, 'content-length': end - start });
    const cut = (file.length < LFS_BYTES ? undefined : this.faults.cutAfter.shift()) ?? Number.POSITIVE_INFINITY;
    const PIECE = 256 * 1024;
    for (let at = start; at < end; at += PIECE) {
      const piece = file.subarray(at, Math.min(at + PIECE, end, start + cut));
      await new Promise<void>((resolve) => response.write(piece, () => resolve()));
      this.sentBytes += piece.length;
      this.faults.onSent?.(at + piece.length);
      if (at + PIECE > start + cut) return void response.destroy();
      if (this.faults.delay > 0) await new Promise((resolve) => setTimeout(resolve, this.faults.delay));
    }
    response.end();
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json; charset=utf-8').end(JSON.stringify(value));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response
    .writeHead(status, { 'x-error-code': code, 'x-error-message': message, 'content-type': 'application/json' })
    .end(JSON.stringify({ error: message }));
}

const gitOid = (bytes: Uint8Array): string => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** The hash that the hub states for a file. */
export const oidOf = (bytes: Uint8Array): string =>
  bytes.length < LFS_BYTES ? gitOid(bytes) : createHash('sha256').update(bytes).digest('hex');
