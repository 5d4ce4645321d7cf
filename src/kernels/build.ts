import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main } from 'assemblyscript/asc';
import { VARIANT_SECTION } from './kernel-variant.ts';
import { templates } from './templates/index.ts';
import { type Variant, variants } from './templates/variant.ts';

/**
 * Compiles the kernels into dist/kernels, once for each variant (templates/variant.ts): relaxed.wasm, vnni.wasm for
 * processors with an instruction for its dot product, and plain.wasm for hosts without relaxed SIMD. All give the same
 * bits. npm runs this file after each installation.
 *
 * The sources are AssemblyScript of two kinds. What is written by hand lies in src/kernels/assembly, where each file at
 * the top exports kernels and `inline/` holds what they share. What V8 needs unrolled is written by the templates into
 * dist/kernels/generated, where one can read it (that of relaxed.wasm, which is compiled last). The two kinds import each other: generated kernels import helpers from
 * src, and assembly/attend.ts imports the generated inner loops of attention from dist. An editor therefore resolves
 * assembly/attend.ts only after a build.
 */
const PROJECT = join(import.meta.dirname, '../..');
const ASSEMBLY = 'src/kernels/assembly';
const OUTPUT = 'dist/kernels';

/**
 * Where the constants begin in memory; they end below FIRST_FREE_BYTE. The addresses before them stay unused, because
 * the side exits in the templates compare pointers with small numbers.
 */
const MEMORY_BASE = 1024;

/** Writes the generated sources of a variant and lists all files that export kernels. */
async function sources(variant: Variant): Promise<string[]> {
  const generated = join(OUTPUT, 'generated');
  for (const [name, text] of Object.entries(templates)) await writeFile(join(PROJECT, generated, `${name}.ts`), text(variant));
  const written = (await readdir(join(PROJECT, ASSEMBLY))).filter((name) => name.endsWith('.ts'));
  return [...written.map((name) => join(ASSEMBLY, name)), ...Object.keys(templates).map((name) => join(generated, `${name}.ts`))];
}

/** A custom section of a WebAssembly module: 0, its length, the length of its name, the name, the contents. */
function customSection(name: string, contents: string): Buffer {
  const section = Buffer.concat([Buffer.of(name.length), Buffer.from(name), Buffer.from(contents)]);
  return Buffer.concat([Buffer.of(0, section.length), section]);
}

await rm(join(PROJECT, OUTPUT), { recursive: true, force: true });
await mkdir(join(PROJECT, OUTPUT, 'generated'), { recursive: true });
for (const variant of variants) {
  const { name, features } = variant;
  const { error, stderr } = await main([
    ...(await sources(variant)),
    ...['--baseDir', PROJECT, '--outFile', join(OUTPUT, `${name}.wasm`)],
    ...features.flatMap((feature) => ['--enable', feature]),
    ...['-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--memoryBase', String(MEMORY_BASE), '--use', 'abort='],
  ]);
  if (error) {
    console.error(stderr.toString());
    throw error;
  }
  await appendFile(join(PROJECT, OUTPUT, `${name}.wasm`), customSection(VARIANT_SECTION, name));
}
