/**
 * The builds of the kernels, which all give the same bits: `plain` for hosts without relaxed SIMD, `relaxed` with it,
 * and `vnni` for hosts that make one instruction of its dot product that adds (vpdpbusd on x64).
 */
export const KERNEL_VARIANTS = ['plain', 'relaxed', 'vnni'] as const;
export type KernelVariant = (typeof KERNEL_VARIANTS)[number];

/** The custom section in which a build says which variant it is. */
export const VARIANT_SECTION = 'gpt-edge variant';

/** What a build exports beside the kernels, if it uses the dot product that adds. */
export interface DotAddProbe {
  /**
   * The dot product that adds, of four products of 127 and the byte -1, which is outside of the range in which the
   * result is defined. Kernels never leave that range.
   */
  dotAddOutOfRange(): number;
}

/**
 * What vpdpbusd gives: it takes the byte for 255, and 4 * 127 * 255 fits the sum. Where V8 has to combine three
 * instructions, the first of them saturates, which gives 65,534. On Arm the byte is -1, which gives -508: no one has
 * measured yet whether that instruction is faster, so such hosts get `relaxed`.
 */
const ONE_INSTRUCTION = 4 * 127 * 255;

/** @throws Error for a module that is not a build of the kernels */
export function variantOf(compiled: WebAssembly.Module): KernelVariant {
  const [section] = WebAssembly.Module.customSections(compiled, VARIANT_SECTION);
  const name = section && new TextDecoder().decode(section);
  const variant = KERNEL_VARIANTS.find((variant) => variant === name);
  if (variant === undefined) throw new Error('The WebAssembly module is not a build of gpt-edge/kernels.');
  return variant;
}

/**
 * Chooses the faster of two builds for this host. No clock is needed, which in a Worker would stand still: the result
 * of the instruction in question, outside of the range in which it is defined, tells how V8 compiles it.
 * @example
 * import relaxed from 'gpt-edge/kernels/relaxed.wasm';
 * import vnni from 'gpt-edge/kernels/vnni.wasm';
 *
 * const decoder = await createDecoder(files, plan, chooseKernels({ relaxed, vnni }), 128e6);
 */
export function chooseKernels({ relaxed, vnni }: Record<'relaxed' | 'vnni', WebAssembly.Module>): WebAssembly.Module {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const probe = new WebAssembly.Instance(vnni, { env: { memory } }).exports as unknown as DotAddProbe;
  return probe.dotAddOutOfRange() === ONE_INSTRUCTION ? vnni : relaxed;
}
