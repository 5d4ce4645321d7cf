import { spawn } from 'node:child_process';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import type { EngineFigures } from '../contenders/engine-figures.ts';
import { type Elapsed, each } from '../stopwatch.ts';
import type { PeerJob } from './peer.ts';

export interface WllamaVersion {
  /** Its folder in node_modules. */
  readonly folder: string;
  readonly version: string;
}

export const WLLAMA_VERSIONS: readonly WllamaVersion[] = [
  { folder: 'wllama-2', version: '2.4.0' },
  { folder: 'wllama-3', version: '3.8.1' },
];

export interface WllamaJob extends PeerJob {
  readonly version: WllamaVersion;
  readonly chromium: string;
  readonly modules: string;
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const TIMEOUT_MILLISECONDS = 300_000;

/**
 * Measures wllama (llama.cpp in WebAssembly) with one thread, in a headless Chromium of its own. The page reports
 * when each part begins and ends; the time is taken here, as the processor time of all of Chromium's processes.
 */
export async function measureWllama(job: WllamaJob): Promise<EngineFigures> {
  const profile = await mkdtemp(join(tmpdir(), 'gpt-edge-bench-'));
  const marks = new Map<string, Elapsed>();
  const { promise: counts, resolve, reject } = Promise.withResolvers<Record<string, number>>();
  const server = createServer((request, response) =>
    answer(request, response, job, { marks, group: () => chromium?.pid, resolve, reject }),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const page = `http://127.0.0.1:${port}/?${new URLSearchParams({ folder: job.version.folder, task: JSON.stringify(job.task) })}`;
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${profile}`];
  const chromium = spawn(job.chromium, [...flags, page], { stdio: 'ignore', detached: true });
  chromium.on('error', reject);
  const timeout = setTimeout(() => reject(new Error('wllama has not answered in time.')), TIMEOUT_MILLISECONDS);
  try {
    return toFigures(await counts, marks);
  } finally {
    clearTimeout(timeout);
    await endGroup(chromium.pid);
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the server keeps while the page runs. */
interface Page {
  readonly marks: Map<string, Elapsed>;
  /** Chromium's process group. */
  readonly group: () => number | undefined;
  readonly resolve: (counts: Record<string, number>) => void;
  readonly reject: (error: Error) => void;
}

/** Answers a request of the page: notes a mark, ends the measurement, or sends a file. */
async function answer(request: IncomingMessage, response: ServerResponse, job: WllamaJob, page: Page): Promise<void> {
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  const send = (path: string) => {
    response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
    createReadStream(path)
      .on('error', () => response.writeHead(404).end())
      .pipe(response);
  };
  if (pathname === '/mark') page.marks.set(searchParams.get('name')!, { wall: performance.now(), cpu: groupCpu(page.group()) });
  if (pathname === '/done') page.resolve(JSON.parse(searchParams.get('counts')!) as Record<string, number>);
  if (pathname === '/failed') page.reject(new Error(`wllama: ${searchParams.get('message')}`));
  if (['/mark', '/done', '/failed', '/favicon.ico'].includes(pathname)) response.end();
  else if (pathname === '/') send(join(import.meta.dirname, 'wllama.html'));
  else if (pathname === '/wllama-page.js') send(join(import.meta.dirname, 'wllama-page.js'));
  else if (pathname === '/model.gguf') send(job.gguf);
  else send(join(job.modules, normalize(pathname)));
}

/**
 * Turns marks into times per token. The page names its marks `<part>:start` and `<part>:end`, and counts the tokens
 * of each part.
 */
function toFigures(counts: Record<string, number>, marks: ReadonlyMap<string, Elapsed>): EngineFigures {
  const of = (part: string): Elapsed => {
    const [start, end] = [marks.get(`${part}:start`)!, marks.get(`${part}:end`)!];
    return each({ wall: end.wall - start.wall, cpu: end.cpu - start.cpu }, counts[part]);
  };
  return { short: of('short'), prefill: of('prefill') };
}

/** Milliseconds of processor time of all processes in a group, which Linux counts in ticks of 10 ms. */
function groupCpu(group: number | undefined): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const fields = processFields(entry);
    if (Number(fields?.[2]) === group) ticks += Number(fields![11]) + Number(fields![12]);
  }
  return ticks * 10;
}

/** The fields of /proc/<pid>/stat after the name in parentheses: state, parent, group, and so on. */
function processFields(pid: string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

async function endGroup(group: number | undefined): Promise<void> {
  if (group === undefined) return;
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // It has already ended.
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
}
