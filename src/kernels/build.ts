import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';
import { templates } from './templates/index.ts';

/**
 * Compiles the kernels into dist/kernels: relaxed.wasm, and plain.wasm for hosts without relaxed SIMD, from the same sources. Both give
 * the same bits. Run by npm after each installation.
 */
const PROJECT = join(import.meta.dirname, '../..');
const ASSEMBLY = 'src/kernels/assembly';
const OUTPUT = 'dist/kernels';

const builds = [
  { name: 'relaxed', features: ['simd', 'relaxed-simd'] },
  { name: 'plain', features: ['simd'] },
];

/** Hand-written sources, and those that templates unroll, which lie beside them for the compiler. */
async function sources(): Promise<string[]> {
  const generated = join(OUTPUT, 'generated');
  await rm(join(PROJECT, OUTPUT), { recursive: true, force: true });
  await mkdir(join(PROJECT, generated), { recursive: true });
  for (const [name, text] of Object.entries(templates)) await writeFile(join(PROJECT, generated, `${name}.ts`), text());
  const written = (await readdir(join(PROJECT, ASSEMBLY))).filter((name) => name.endsWith('.ts'));
  return [...written.map((name) => join(ASSEMBLY, name)), ...Object.keys(templates).map((name) => join(generated, `${name}.ts`))];
}

const entries = await sources();
for (const { name, features } of builds) {
  const { error, stderr } = await main([
    ...entries,
    ...['--baseDir', PROJECT, '--outFile', join(OUTPUT, `${name}.wasm`)],
    ...features.flatMap((feature) => ['--enable', feature]),
    ...['-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--use', 'abort='],
  ]);
  if (error) {
    console.error(stderr.toString());
    throw error;
  }
}
