import { lines, names } from './lines.ts';
import { SideExits } from './side-exits.ts';

// One row of x times f16 or f32 weights. It is floatPanel from several places of the matrix in turn (see
// assembly/inline/streams.ts), for f16 with the conversion inside, and gives the same bits. One instance, f16RowModerate
// with one stream, without the unrolling:
//
//   for each panel, a group of 16 outputs:
//     t0..t3 = 0                                          // outputs 0..3, 4..7, 8..11, 12..15
//     for each input:
//       s = x[input] * 2^112                              // repeated over the vector
//       words = v128.load(w0)                             // outputs 0..3 in the low halves, 4..7 in the high ones
//       t0 += s * smallLowHalves(words);  t1 += s * smallHighHalves(words)
//       words = v128.load(w0, 16)
//       t2 += s * smallLowHalves(words);  t3 += s * smallHighHalves(words)
//       a side exit, see side-exits.ts
//     y = t0..t3
//
// Preconditions: weights of f16 are finite; y has room for whole groups.

/** How many inputs are unrolled. */
const UNROLLED = 2;

interface FloatWeights {
  /** Bytes of a panel's weights for one input. */
  readonly bytes: number;
  /** Declares what the other expressions need. */
  readonly constants: string;
  readonly activation: (offset: number) => string;
  /** Sixteen weights that lie at `pointer` + `at`, as expressions for four vectors, and what has to be loaded for them. */
  readonly load: (pointer: string, at: number) => { readonly loads: string; readonly weights: readonly string[] };
}

const halves = (name: (half: 'Low' | 'High') => string, rest: (half: 'Low' | 'High') => string): FloatWeights['load'] => {
  const of = (half: 'Low' | 'High', words: string) => `${name(half)}(${words}, ${rest(half)})`;
  return (pointer, at) => ({
    loads: `const words0 = v128.load(${pointer}, ${at}), words1 = v128.load(${pointer}, ${at + 16});`,
    weights: ['words0', 'words1'].flatMap((words) => [of('Low', words), of('High', words)]),
  });
};

const F16_CONSTANTS = 'const bits = v128.load(HALF_BITS), scale = v128.load(HALF_SCALE), shift = v128.load(HALF_SHIFT);';
const splat = (offset: number) => `v128.load32_splat(at, ${offset})`;

/**
 * Weights of f16 are 2^112 times too small after they have been taken from their halves (see assembly/inline/half.ts).
 * If no activation reaches 2^15, the kernel multiplies the activation by 2^112 instead, once for 16 weights: a power of
 * two does not change a mantissa, so that the products are the same. With larger activations that would overflow, and
 * the weights are multiplied.
 */
const f16Moderate: FloatWeights = {
  bytes: 32,
  constants: F16_CONSTANTS,
  activation: (offset) => `f32x4.mul(${splat(offset)}, scale)`,
  load: halves(
    (half) => `small${half}Halves`,
    (half) => (half === 'Low' ? 'bits, shift' : 'bits'),
  ),
};
const f16Any: FloatWeights = {
  bytes: 32,
  constants: F16_CONSTANTS,
  activation: splat,
  load: halves(
    (half) => `${half.toLowerCase()}Halves`,
    (half) => (half === 'Low' ? 'bits, shift, scale' : 'bits, scale'),
  ),
};
const f32: FloatWeights = {
  bytes: 64,
  constants: '',
  activation: splat,
  load: (pointer, at) => ({ loads: '', weights: [0, 16, 32, 48].map((vector) => `v128.load(${pointer}, ${at + vector})`) }),
};

function floatRow(name: string, streams: number, { bytes, constants, activation, load }: FloatWeights): string {
  const exits = new SideExits('at');
  const sums = names('t', 4 * streams);
  const add = (stream: number, index: number) => {
    const { loads, weights } = load(`w${stream}`, index * bytes);
    return `{ ${loads} ${weights.map((weight, vector) => `t${stream * 4 + vector} = f32x4.add(t${stream * 4 + vector}, f32x4.mul(s, ${weight}));`).join('\n')} }`;
  };
  const step = (index: number) => `{ const s = ${activation(index * 4)};
        ${lines(streams, (stream) => add(stream, index))} }
      ${exits.next(sums)}`;
  const advance = (inputs: number) => `at += ${inputs * 4}; ${lines(streams, (stream) => `w${stream} += ${inputs * bytes};`)}`;
  return `
function ${name}(x: usize, weights: usize, y: usize, outputs: i32, inputs: usize): void {
  ${constants}
  const zero = f32x4.splat(0), end = x + (inputs << 2), unrolledEnd = x + ((inputs & ~${UNROLLED - 1}) << 2);
  const panels = (<usize>outputs + 15) >> 4, panelBytes = inputs * ${bytes};
  const each = ${streams === 1 ? 'panels' : `panelsOfStream(panels, ${streams}, panelBytes)`};
  ${lines(streams - 1, (stream) => `const first${stream + 1} = firstPanel(${stream + 1}, each, panels);`)}
  let w0 = weights;
  for (const last = y + (each << 6); y < last; y += 64) {
    ${lines(streams - 1, (stream) => `let w${stream + 1} = w0 + first${stream + 1} * panelBytes;`)}
    let ${sums.map((sum) => `${sum} = zero`).join(', ')}, at = x;
    while (at < unrolledEnd) {
      ${lines(UNROLLED, step)}
      ${advance(UNROLLED)}
    }
    while (at < end) {
      ${step(0)}
      ${advance(1)}
    }
    ${lines(streams, (stream) => {
      const to = stream ? `y + (first${stream} << 6)` : 'y';
      return lines(4, (vector) => `v128.store(${to}, t${stream * 4 + vector}, ${vector * 16});`);
    })}
  }
}`;
}

/** The source of f16Row and f32Row. */
export function floatRows(streams: { readonly f16: number; readonly f32: number }): string {
  return `
/** Whether all magnitudes are below 2^15. */
function isModerate(x: usize, inputs: usize): bool {
  let most = f32x4.splat(0), at = x;
  for (const end = x + ((inputs & ~3) << 2); at < end; at += 16) most = f32x4.pmax(most, f32x4.abs(v128.load(at)));
  for (const end = x + (inputs << 2); at < end; at += 4) most = f32x4.pmax(most, f32x4.abs(v128.load32_zero(at)));
  return !v128.any_true(f32x4.ge(most, f32x4.splat(32768)));
}
${floatRow('f16RowModerate', streams.f16, f16Moderate)}
${floatRow('f16RowAny', streams.f16, f16Any)}
${floatRow('f32Row', streams.f32, f32)}
function f16Row(x: usize, weights: usize, y: usize, outputs: i32, inputs: usize): void {
  if (isModerate(x, inputs)) f16RowModerate(x, weights, y, outputs, inputs);
  else f16RowAny(x, weights, y, outputs, inputs);
}`;
}
