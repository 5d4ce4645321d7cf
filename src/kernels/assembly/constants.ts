import { initializeMath } from './math-constants';

// A v128 literal inside a loop is rebuilt with three instructions each time round; one loaded from memory before the loop stays in a
// register. So the constants that loops need lie in memory, filled by initialize() at the addresses below.

/** Where the host's own memory plan may begin; below lie the constants. */
export const CONSTANTS: usize = 1024;
export const ONES_I16: usize = CONSTANTS;

export function initialize(): void {
  initializeMath();
  v128.store(ONES_I16, i16x8.splat(1));
}
