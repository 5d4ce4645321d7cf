import type { Variant } from './variant.ts';

/**
 * The source of touch: loads one number of each cache line of a page's keys and values just before attention reads
 * them, so that the processor fetches all of them at once. Only for variants whose processors gain from it; for others
 * it does nothing.
 */
export function touch({ touchesPages }: Variant): string {
  if (!touchesPages)
    return `
// @ts-ignore: decorator
@inline
export function touch(from: usize, bytes: usize): void {}
`;
  return `
/** Where the numbers go, so that they are loaded at all: to an address that nothing reads. */
const SINK: usize = 0;

export function touch(from: usize, bytes: usize): void {
  let touched = 0;
  for (const end = from + bytes; from < end; from += 64) touched |= load<i32>(from);
  store<i32>(SINK, touched);
}
`;
}
