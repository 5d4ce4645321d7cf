import { join } from 'node:path';

/** The project's own folder, two above this file. */
export const PROJECT = join(import.meta.dirname, '..', '..');
export const WRANGLER_CONFIG = join(PROJECT, 'wrangler.toml');
export const DEFAULT_MODEL = join(PROJECT, 'model-assets', 'tinystories-gpt2');
/** Where `npm run build` puts the bundle. */
export const WORKER_BUNDLE = join(PROJECT, 'dist', 'worker');
/** Where the playground and the reference are built; wrangler.toml ships it as static assets. */
export const PAGE_FILES = join(PROJECT, 'dist', 'page');
/** Local R2 and the like; `wrangler dev` uses the same. */
export const LOCAL_STATE = join(PROJECT, '.wrangler', 'state');
