import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { GptEdgeError } from '../../core/errors.ts';
import { IS_CHECKOUT, PACKAGE } from '../../local/project-paths.ts';

export const initCommand = new Command('init')
  .description('write a project whose Worker serves gpt-edge')
  .argument('<folder>', 'a new or an empty folder')
  .option('--from <spec>', 'where npm gets gpt-edge from, such as a git URL; default: a tarball of this gpt-edge, in the project')
  .action(init);

interface InitOptions {
  from?: string;
}

/** The longest name that Cloudflare allows for a Worker. */
const MAX_NAME_LENGTH = 54;

/**
 * Writes a project whose Worker serves gpt-edge's routes and its default model.
 * @throws GptEdgeError `invalid_value` if the folder has files in it; `command_failed` if npm cannot pack
 */
async function init(folder: string, { from }: InitOptions): Promise<void> {
  const target = resolve(folder);
  if (((await readdir(target).catch(() => null))?.length ?? 0) > 0)
    throw new GptEdgeError('invalid_value', `${target} has files in it; init writes into a new or an empty folder.`);
  await mkdir(target, { recursive: true });
  await cp(join(PACKAGE, 'template'), target, { recursive: true, filter: (source) => !/[/\\](dist|\.wrangler)$/.test(source) });
  // npm leaves every .gitignore out of a package, so the template has it under another name.
  await rename(join(target, 'gitignore'), join(target, '.gitignore'));
  const name = workerName(basename(target));
  await writeConfig(join(target, 'wrangler.toml'), name);
  const spec = from ?? `file:${await packPackage(target)}`;
  await writeFile(join(target, 'package.json'), `${JSON.stringify(await manifest(name, spec), null, 2)}\n`);
  console.log(`Wrote ${target}. Next:\n\ncd ${folder}\nnpm install\nnpm start`);
}

/** The template's paths are for where the template lies, inside the package; the project's are different. */
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

/**
 * Packs this gpt-edge, a checkout or an installed package, into a tarball in `folder`, and returns the tarball's file
 * name.
 * @throws GptEdgeError `command_failed` if npm cannot pack
 */
async function packPackage(folder: string): Promise<string> {
  // An installed package is already compiled, and has no compiler.
  const args = ['pack', '--json', '--pack-destination', folder, ...(IS_CHECKOUT ? [] : ['--ignore-scripts'])];
  try {
    const { stdout } = await promisify(execFile)('npm', args, { cwd: PACKAGE, maxBuffer: 2 ** 26, shell: process.platform === 'win32' });
    // In a checkout, the scripts may print something before the JSON.
    const [{ filename }] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))) as [{ filename: string }];
    return filename;
  } catch (cause) {
    throw new GptEdgeError('command_failed', `npm pack failed: ${(cause as Error).message}`, { cause });
  }
}

/** The project's package.json. It asks for the tools in the versions that gpt-edge itself is tested with. */
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
