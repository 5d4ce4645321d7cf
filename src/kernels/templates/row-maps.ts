import { lines } from './lines.ts';

/** Kernels of one operand: their names in Kernels, and the functions on a vector of four elements. */
const unary = { sigmoid: 'sigmoidOf', silu: 'siluOf', gelu: 'geluOf', geluTanh: 'geluTanhOf', relu: 'reluOf', tanh: 'tanhOf' };

/** Kernels of two operands: the names of their elements, and the expression that combines these. */
const binary = {
  add: { a: 'a', b: 'b', element: 'f32x4.add(a, b)' },
  multiply: { a: 'a', b: 'b', element: 'f32x4.mul(a, b)' },
  swiGlu: { a: 'gate', b: 'up', element: 'f32x4.mul(siluOf(gate), up)' },
};

/**
 * The source of one kernel.
 * @param inputs the names of the operands
 * @param element an expression in v128 variables of these names
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

/** The source of all kernels of these kinds. */
export function rowMaps(): string {
  const unaries = Object.entries(unary);
  const binaries = Object.entries(binary);
  return `import { ${unaries.map(([, f]) => f).join(', ')} } from '../../../src/kernels/assembly/inline/activations';
import { storeTail } from '../../../src/kernels/assembly/inline/vectors';

// Kernels that compute each element from those at the same place. One instance, silu:
//
//   for each row:
//     for each vector of 4 elements:  y = siluOf(x)
//     if 1 to 3 elements are left:    compute a whole vector, store only these
//     x and y move on by their strides
//
// Precondition: rows start at multiples of 16 bytes, so that reading the whole last vector is safe.
${lines(unaries.length, (i) => rowMap(unaries[i][0], ['x'], `${unaries[i][1]}(x)`))}
${lines(binaries.length, (i) => rowMap(binaries[i][0], [binaries[i][1].a, binaries[i][1].b], binaries[i][1].element))}
`;
}
