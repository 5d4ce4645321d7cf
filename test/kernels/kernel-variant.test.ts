import { describe, expect, it } from 'vitest';
import { chooseKernels, variantOf } from '../../src/kernels/kernel-variant.ts';
import { modules } from './compare.ts';

/** A module whose dotAddOutOfRange returns `value`. */
function probe(value: number): WebAssembly.Module {
  const section = (id: number, ...bytes: number[]) => [id, bytes.length, ...bytes];
  const name = [...Buffer.from('dotAddOutOfRange')];
  const constant: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const isLast = rest >> 6 === 0 || rest >> 6 === -1;
    constant.push((rest & 127) | (isLast ? 0 : 128));
    if (isLast) break;
  }
  return new WebAssembly.Module(
    Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, 1, 0x60, 0, 1, 0x7f), // a type: no parameters, an i32
      ...section(3, 1, 0), // a function of this type
      ...section(7, 1, name.length, ...name, 0, 0), // exported
      ...section(10, 1, constant.length + 3, 0, 0x41, ...constant, 0x0b), // i32.const, end
    ]),
  );
}

describe('variantOf', () => {
  it('should read from a build which variant it is', () => {
    for (const [name, module] of Object.entries(modules)) expect(variantOf(module)).toBe(name);
  });

  it('should refuse a module that is not a build of the kernels', () => {
    expect(() => variantOf(probe(1))).toThrow('not a build');
  });
});

describe('chooseKernels', () => {
  it.each([
    { host: 'has one instruction', value: 129_540, variant: 'vnni' },
    { host: 'combines three instructions', value: 65_534, variant: 'relaxed' },
    { host: 'is an Arm processor', value: -508, variant: 'relaxed' },
  ])('should choose $variant if the host $host', ({ value, variant }) => {
    const vnni = probe(value);
    expect(chooseKernels({ relaxed: modules.relaxed, vnni })).toBe(variant === 'vnni' ? vnni : modules.relaxed);
  });

  it('should take one of the known values for the dot product on this host', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(modules.vnni, { env: { memory } });
    expect([129_540, 65_534, -508]).toContain((exports.dotAddOutOfRange as () => number)());
  });
});
