// Kernels of few rows read a matrix in several places in turn: its panels are dealt to streams of equal length, one
// after the other, and a loop works on the n-th panel of each. Many processors read several sequential streams faster
// than one, and an activation that was loaded serves all of them. The order of a result's sums is that of one stream.

/** Addresses this far apart share sets of the processor's first-level cache. */
const ALIAS: usize = 4096;

/**
 * Panels of each of `streams` streams. Together they may be more than there are: then the last streams overlap those
 * before them, and write the same results again. Streams should not begin a multiple of ALIAS apart.
 */
// @ts-ignore: decorator
@inline
export function panelsOfStream(panels: usize, streams: usize, panelBytes: usize): usize {
  const each = (panels + streams - 1) / streams;
  return each < panels && (each * panelBytes) % ALIAS == 0 ? each + 1 : each;
}

/** The first panel of a stream. */
// @ts-ignore: decorator
@inline
export function firstPanel(stream: usize, each: usize, panels: usize): usize {
  return min(stream * each, panels - each);
}
