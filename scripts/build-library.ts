import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Compiles src into dist/lib, which is what the package ships: Node runs no TypeScript inside node_modules, and a
 * consumer's compiler should read declarations, not sources. Run by `npm pack` through `prepack`.
 */
const PROJECT = join(import.meta.dirname, '..');
const SOURCE = join(PROJECT, 'src');
const TARGET = join(PROJECT, 'dist', 'lib');

/** The Worker's part and the tools' part have different globals, and so a configuration each. */
const CONFIGURATIONS = ['tsconfig.build.json', 'tsconfig.build-node.json'];

/** What the compiler does not write and the compiled modules import. */
const COPIED = /\.wasm$|_pb\.(js|d\.ts)$/;

async function copyOthers(): Promise<void> {
  for (const name of await readdir(SOURCE, { recursive: true })) {
    if (!COPIED.test(name)) continue;
    await mkdir(dirname(join(TARGET, name)), { recursive: true });
    await cp(join(SOURCE, name), join(TARGET, name));
  }
}

/**
 * The compiler rewrites `.ts` to `.js` in code, but not in declarations. And what src takes from dist, the kernels,
 * lies one folder nearer to dist/lib.
 */
async function rewriteImports(): Promise<void> {
  for (const name of await readdir(TARGET, { recursive: true })) {
    if (!/\.(js|d\.ts)$/.test(name)) continue;
    const text = await readFile(join(TARGET, name), 'utf8');
    const named = text.replaceAll(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2');
    await writeFile(join(TARGET, name), named.replaceAll(/(from\s*['"](?:\.\.\/)+)dist\//g, '$1'));
  }
}

await rm(TARGET, { recursive: true, force: true });
const tsc = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc');
for (const configuration of CONFIGURATIONS) await promisify(execFile)(process.execPath, [tsc, '-p', join(PROJECT, configuration)]);
await copyOthers();
await rewriteImports();
