import { dotAdds } from './block-sums.ts';
import type { Variant } from './variant.ts';

/** The source of DotAddProbe (kernel-variant.ts), for variants that use the dot product that adds. */
export function dotAddProbe({ blockSums }: Variant): string {
  if (blockSums !== dotAdds) return '';
  return `
import { dotAdd } from '../../../src/kernels/assembly/inline/vectors';

/** See DotAddProbe.dotAddOutOfRange. */
export function dotAddOutOfRange(): i32 {
  return i32x4.extract_lane(dotAdd(i8x16.splat(127), i8x16.splat(-1), i32x4.splat(0)), 0);
}
`;
}
