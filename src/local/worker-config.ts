import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { wrangler, wranglerFile } from './load-tools.ts';
import { OWN_PROJECT, PROJECT } from './project-paths.ts';

/** A Worker's configuration as Miniflare takes it, without its modules. */
export interface WorkerConfig {
  /** The variables. */
  bindings: Record<string, string>;
  compatibilityDate: string;
  r2Buckets: Record<string, { id: string }>;
  [other: string]: unknown;
}

/** The files of a project that wrangler reads variables and bindings from. */
const CONFIG_FILES = ['wrangler.toml', '.dev.vars', '.env', '.env.local'];
/** Variables of the environment that change what wrangler reads from these files. */
const CONFIG_VARIABLES = ['CLOUDFLARE_ENV', 'CLOUDFLARE_INCLUDE_PROCESS_ENV', 'CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV'];

/**
 * The configuration of a project's Worker, as wrangler reads it from wrangler.toml. To load wrangler takes longer than
 * anything else on the way to a running Worker, so the result is kept in `.wrangler`, and used again until one of the
 * files changes.
 */
export async function workerConfig(project: string): Promise<WorkerConfig> {
  const key = await cacheKey(project);
  const cache = join(project, '.wrangler', 'gpt-edge-config.json');
  const known = await readCache(cache);
  if (known?.key === key) return known.config;
  const { modulesRules: _rules, ...config } = wrangler().unstable_getMiniflareWorkerOptions(join(project, 'wrangler.toml')).workerOptions;
  if (isPlain(config) && CONFIG_VARIABLES.every((name) => process.env[name] === undefined)) await writeCache(cache, { key, config });
  return config as unknown as WorkerConfig;
}

/**
 * The configuration of gpt-edge's own Worker in this project. If the project's Worker is an app of its own, gpt-edge's
 * takes the project's variables and bucket, and nothing else.
 */
export async function ownWorkerConfig(): Promise<WorkerConfig> {
  const own = await workerConfig(OWN_PROJECT);
  if (OWN_PROJECT === PROJECT) return own;
  const { bindings, r2Buckets } = await workerConfig(PROJECT);
  return { ...own, bindings: { ...own.bindings, ...bindings }, r2Buckets: { MODELS: r2Buckets.MODELS } };
}

interface Cached {
  key: string;
  config: WorkerConfig;
}

async function cacheKey(project: string): Promise<string> {
  const hash = createHash('sha256').update(`${project}\n${CONFIG_VARIABLES.map((name) => process.env[name])}\n`);
  for (const path of [wranglerFile('package.json'), ...CONFIG_FILES.map((name) => join(project, name))])
    hash.update(await readFile(path).catch(() => 'missing')).update('\n');
  return hash.digest('hex');
}

/** The kept configuration; none if the file is missing or broken. */
async function readCache(path: string): Promise<Cached | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Cached;
  } catch {
    return undefined;
  }
}

/** Where nothing can be written, wrangler is asked again the next time. */
async function writeCache(path: string, cached: object): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(cached));
  } catch {
    // As said above.
  }
}

/** Whether a value is the same after it went through JSON. */
function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain);
  if (value === null || value === undefined || ['string', 'boolean'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain);
}
