import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** gpt-edge's own folder: a checkout, or where the package is installed. */
export const PACKAGE = nearest(import.meta.dirname, (folder) => existsSync(join(folder, 'package.json')))!;

/** A checkout has the sources; the package has what they are compiled to, and the template of a project that uses it. */
export const IS_CHECKOUT = existsSync(join(PACKAGE, 'src'));

/**
 * The folder that the tools work in: the nearest upwards from where they run that is a project with models of its own,
 * as `gpt-edge init` writes them. Elsewhere they serve gpt-edge as it is.
 */
export const PROJECT = nearest(process.cwd(), hasModelsBinding) ?? (IS_CHECKOUT ? PACKAGE : join(PACKAGE, 'template'));
export const WRANGLER_CONFIG = join(PROJECT, 'wrangler.toml');
export const DEFAULT_MODEL = join(PACKAGE, 'model-assets', 'tinystories-gpt2');
/** Where `npm run build` puts the bundle. */
export const WORKER_BUNDLE = join(PROJECT, 'dist', 'worker');
/** Where the playground and the reference lie once they are built; wrangler.toml deploys them as static assets. */
export const PAGE_FILES = join(PACKAGE, 'dist', 'page');
/** Local R2 and the like; `wrangler dev` uses the same. */
export const LOCAL_STATE = join(PROJECT, '.wrangler', 'state');

function nearest(folder: string, isIt: (folder: string) => boolean): string | undefined {
  if (isIt(folder)) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : nearest(above, isIt);
}

/** wrangler itself reads the file properly, later; here it only has to be told from that of any other Worker. */
function hasModelsBinding(folder: string): boolean {
  const config = join(folder, 'wrangler.toml');
  return existsSync(config) && /^\s*binding\s*=\s*["']MODELS["']/m.test(readFileSync(config, 'utf8'));
}
