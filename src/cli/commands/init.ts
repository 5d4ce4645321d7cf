import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GptEdgeError } from '../../core/errors.ts';
import { PACKAGE } from '../../local/project-paths.ts';
import { packPackage } from '../pack-package.ts';

export interface InitOptions {
  /** Where npm is to take gpt-edge from, such as a git URL. Without it the project gets a tarball of this very gpt-edge. */
  from?: string;
}

/** What a Worker may be called. */
const MAX_NAME_LENGTH = 54;

/**
 * Writes a project of a Worker that serves gpt-edge's routes and model.
 * @throws GptEdgeError `invalid_value` for a folder that has files in it; `command_failed` where npm cannot pack
 */
export async function init(folder: string, { from }: InitOptions): Promise<void> {
  const target = resolve(folder);
  if (((await readdir(target).catch(() => null))?.length ?? 0) > 0)
    throw new GptEdgeError('invalid_value', `${target} has files in it; init writes into a new or an empty folder.`);
  await mkdir(target, { recursive: true });
  await cp(join(PACKAGE, 'template'), target, { recursive: true, filter: (source) => !/[/\\](dist|\.wrangler)$/.test(source) });
  // npm leaves a .gitignore out of every package.
  await rename(join(target, 'gitignore'), join(target, '.gitignore'));
  const name = workerName(basename(target));
  await writeConfig(join(target, 'wrangler.toml'), name);
  const spec = from ?? `file:${await packPackage(target)}`;
  await writeFile(join(target, 'package.json'), `${JSON.stringify(await manifest(name, spec), null, 2)}\n`);
  console.log(`${target} is written. Now:\n\ncd ${folder}\nnpm install\nnpm start`);
}

/** The template's own is for where it lies, inside the package. */
async function writeConfig(path: string, name: string): Promise<void> {
  const config = await readFile(path, 'utf8');
  const named = config.replace(/^name = .*$/m, `name = "${name}"`);
  await writeFile(path, named.replace(/^directory = .*$/m, 'directory = "./node_modules/gpt-edge/dist/page"'));
}

function workerName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_NAME_LENGTH)
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'gpt-edge-project' : name;
}

/** The tools in the versions that gpt-edge itself is tested with. */
async function manifest(name: string, spec: string): Promise<object> {
  const { devDependencies } = JSON.parse(await readFile(join(PACKAGE, 'package.json'), 'utf8')) as {
    devDependencies: Record<'wrangler' | 'miniflare' | 'node', string>;
  };
  const { wrangler, miniflare, node } = devDependencies;
  return {
    name,
    version: '0.0.0',
    private: true,
    type: 'module',
    scripts: { start: 'gpt-edge start', build: 'gpt-edge build', deploy: 'gpt-edge deploy' },
    dependencies: { 'gpt-edge': spec },
    devDependencies: { miniflare, node, wrangler },
    allowScripts: { esbuild: true, 'gpt-edge': true, node: true, protobufjs: false, workerd: true },
  };
}
