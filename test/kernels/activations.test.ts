import { describe, expect, it } from 'vitest';
import { instantiateKernels } from '../../src/kernels/instantiate-kernels.ts';
import { exp2 } from '../../src/kernels/reference/activations.ts';
import { modules } from './compare.ts';

/** erfc in float64: its series below 2, its continued fraction above (Abramowitz and Stegun 7.1.6 and 7.1.14). */
function erfc(z: number): number {
  if (z < 0) return 2 - erfc(-z);
  if (z < 2) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 80; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = z;
  for (let k = 150; k >= 1; k--) fraction = z + k / 2 / fraction;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction;
}

const exact = {
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  silu: (x: number) => x / (1 + Math.exp(-x)),
  gelu: (x: number) => (x * erfc(-x / Math.SQRT2)) / 2,
  geluTanh: (x: number) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  tanh: Math.tanh,
};

/** The greatest relative error of a kernel on float32 numbers from `from` to `to`. */
function relativeError(name: keyof typeof exact, from: number, to: number): number {
  const count = 40000;
  const memory = new WebAssembly.Memory({ initial: 8 });
  const f32 = new Float32Array(memory.buffer, 4096, count);
  const inputs = f32.map((_, i) => from + ((to - from) * (i + 0.5)) / count);
  f32.set(inputs);
  instantiateKernels(modules.relaxed, memory)[name](4096, 0, 4096, 0, 1, count);
  return inputs.reduce((worst, x, i) => Math.max(worst, Math.abs(f32[i] - exact[name](x)) / Math.abs(exact[name](x))), 0);
}

describe('activations against float64', () => {
  it.each([
    ['sigmoid', -80, 80, 4e-7],
    ['sigmoid', -0.01, 0.01, 2e-7],
    ['silu', -80, 80, 4e-7],
    ['silu', -0.01, 0.01, 2e-7],
    ['tanh', -20, 20, 4e-7],
    ['tanh', -0.7, 0.7, 5e-7],
    ['tanh', -1e-4, 1e-4, 2e-7],
    ['gelu', -4, 8, 1.5e-6],
    ['gelu', -0.01, 0.01, 6e-7],
    ['gelu', -9, -4, 5e-6],
    ['geluTanh', -4, 8, 2e-6],
    ['geluTanh', -0.01, 0.01, 2e-7],
    ['geluTanh', -9, -4, 2e-5],
  ] as const)('should compute %s from %d to %d within a relative error of %d', (name, from, to, bound) => {
    expect(relativeError(name, from, to)).toBeLessThan(bound);
  });
});

describe('exp2 of attention', () => {
  it('should be within a relative error of 2e-7 down to normal numbers, and exactly 0 where a score is masked', () => {
    for (const bound of [0, 3, -40])
      for (let i = 0; i < 50000; i++) {
        const x = Math.fround(bound - (i / 50000) * 125);
        expect(Math.abs(exp2(x, bound) / 2 ** (x - bound) - 1)).toBeLessThan(2e-7);
      }
    for (const x of [-127, -1000, -Infinity]) expect(exp2(x, 0)).toBe(0);
  });
});
