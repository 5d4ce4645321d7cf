import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Compiles src into dist/lib, which the package ships: Node runs no TypeScript inside node_modules, and a consumer's
 * compiler should read declarations, not sources. `npm pack` runs it, through `prepack`.
 */
const PROJECT = join(import.meta.dirname, '..');
const SOURCE = join(PROJECT, 'src');
const TARGET = join(PROJECT, 'dist', 'lib');

/** The Worker's part and the tools' part have different globals, so each has its own configuration. */
const CONFIGURATIONS = ['tsconfig.build.json', 'tsconfig.build-node.json'];

/** Files that the compiled modules import but the compiler does not write. */
const COPIED = /\.wasm$|_pb\.(js|d\.ts)$/;

async function copyUncompiled(): Promise<void> {
  for (const name of await readdir(SOURCE, { recursive: true })) {
    if (!COPIED.test(name)) continue;
    await mkdir(dirname(join(TARGET, name)), { recursive: true });
    await cp(join(SOURCE, name), join(TARGET, name));
  }
}

/**
 * Mends the imports that the compiler leaves as they are. It rewrites `.ts` to `.js` in code, but not in declarations;
 * and what src imports from dist (the kernels) is one folder nearer to dist/lib.
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
await copyUncompiled();
await rewriteImports();
