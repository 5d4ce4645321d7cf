import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** gpt-edge's own folder: a checkout, or the place where the package is installed. */
export const PACKAGE = nearest(import.meta.dirname, (folder) => existsSync(join(folder, 'package.json')))!;

/** Whether gpt-edge runs from a checkout, which has the sources. The package has only what they are compiled to. */
export const IS_CHECKOUT = existsSync(join(PACKAGE, 'src'));

/**
 * The project that the tools work in: the current folder or its nearest parent whose wrangler.toml has the binding
 * MODELS, as `gpt-edge init` writes it. Without such a project the tools serve gpt-edge itself: the checkout, or the
 * package's template.
 */
export const PROJECT = nearest(process.cwd(), hasModelsBinding) ?? (IS_CHECKOUT ? PACKAGE : join(PACKAGE, 'template'));
/**
 * The project whose Worker is gpt-edge's own: the current one, unless its Worker is an app of its own; then gpt-edge
 * itself, as above.
 */
export const OWN_PROJECT = servesOwnWorker(PROJECT) ? PROJECT : IS_CHECKOUT ? PACKAGE : join(PACKAGE, 'template');
/** The configuration of the project's Worker. */
export const WRANGLER_CONFIG = join(PROJECT, 'wrangler.toml');
/**
 * Path of the model folder that comes with gpt-edge, tinystories-gpt2.
 * @example
 * const edge = await serveModels({ models: [DEFAULT_MODEL, './my-model'] });
 */
export const DEFAULT_MODEL = join(PACKAGE, 'model-assets', 'tinystories-gpt2');
/** The folder of the models that `gpt-edge add` brings. `gpt-edge start` serves them beside the default model. */
export const ADDED_MODELS = join(PROJECT, 'models');
/** The folder that the playground and the API reference are built into; wrangler.toml deploys it as static assets. */
export const PAGE_FILES = join(PACKAGE, 'dist', 'page');
/** Where Miniflare keeps the local bucket. `wrangler dev` uses the same folder. */
export const LOCAL_STATE = join(PROJECT, '.wrangler', 'state');

/** `folder` or its nearest parent for which `isIt` is true. */
function nearest(folder: string, isIt: (folder: string) => boolean): string | undefined {
  if (isIt(folder)) return folder;
  const above = dirname(folder);
  return above === folder ? undefined : nearest(above, isIt);
}

/** Whether a project's Worker is gpt-edge's own: the checkout's, or one that does nothing but export it. */
function servesOwnWorker(project: string): boolean {
  if (project === PACKAGE || project === join(PACKAGE, 'template')) return true;
  const [, main] = /^\s*main\s*=\s*["'](.+?)["']/m.exec(readFileSync(join(project, 'wrangler.toml'), 'utf8')) ?? [];
  if (main === undefined || !existsSync(join(project, main))) return false;
  const code = readFileSync(join(project, main), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return /^\s*export\s*\{[\w\s,]*\bdefault\b[\w\s,]*\}\s*from\s*["']gpt-edge\/worker["'];?\s*$/.test(code);
}

/**
 * A cheap test that tells this project's wrangler.toml from another Worker's. wrangler itself parses the file, later.
 */
function hasModelsBinding(folder: string): boolean {
  const config = join(folder, 'wrangler.toml');
  return existsSync(config) && /^\s*binding\s*=\s*["']MODELS["']/m.test(readFileSync(config, 'utf8'));
}
