import { lines } from './lines.ts';

/** Kernels that compute each element from one of x: their names in Kernels, and the functions on four elements. */
const unary = { sigmoid: 'sigmoidOf', silu: 'siluOf', gelu: 'geluOf', geluTanh: 'geluTanhOf', tanh: 'tanhOf' };

/** ... or from one of each of two. */
const binary = {
  add: { a: 'a', b: 'b', element: 'f32x4.add(a, b)' },
  multiply: { a: 'a', b: 'b', element: 'f32x4.mul(a, b)' },
  swiGlu: { a: 'gate', b: 'up', element: 'f32x4.mul(siluOf(gate), up)' },
};

/**
 * Rows in vectors of 4 and a tail, of which a whole vector is read and the row's part written.
 * @param inputs names of the addresses
 * @param element of v128 variables of these names
 */
function rowMap(name: string, inputs: readonly string[], element: string): string {
  const loads = (at: string) => inputs.map((input) => `const ${input} = v128.load(${input}Row + ${at});`).join(' ');
  return `
/** See Kernels.${name}. */
export function ${name}(${inputs.map((input) => `${input}Row: usize, ${input}Stride: usize`).join(', ')}, y: usize, yStride: usize, rows: i32, width: i32): void {
  const vectors = <usize>(width & ~3) << 2, rest = width & 3;
  for (let row = 0; row < rows; row++) {
    for (let i: usize = 0; i < vectors; i += 16) { ${loads('i')} v128.store(y + i, ${element}); }
    if (rest) { ${loads('vectors')} storeTail(y + vectors, ${element}, rest); }
    ${inputs.map((input) => `${input}Row += ${input}Stride;`).join(' ')} y += yStride;
  }
}`;
}

/** Kernels that map rows element by element. */
export function rowMaps(): string {
  const unaries = Object.entries(unary);
  const binaries = Object.entries(binary);
  return `import { ${unaries.map(([, f]) => f).join(', ')} } from '../../../src/kernels/assembly/inline/activations';
import { storeTail } from '../../../src/kernels/assembly/inline/vectors';
${lines(unaries.length, (i) => rowMap(unaries[i][0], ['x'], `${unaries[i][1]}(x)`))}
${lines(binaries.length, (i) => rowMap(binaries[i][0], [binaries[i][1].a, binaries[i][1].b], binaries[i][1].element))}
`;
}
