import { lines } from './lines.ts';

/**
 * The statements with which a kernel of several streams finds its places: `each` panels for each stream, and for stream
 * s > 0 its first panel `first<s>`, its weights `w<s>` and its results `to<s>` (see assembly/inline/streams.ts). They
 * expect `panels`, `panelBytes`, `w0` and `y`.
 */
export function streamPanels(streams: number) {
  const perFurther = (piece: (stream: number) => string) => lines(streams - 1, (index) => piece(index + 1));
  return {
    each: `each = ${streams === 1 ? 'panels' : `panelsOfStream(panels, ${streams}, panelBytes)`}`,
    firsts: perFurther((stream) => `const first${stream} = firstPanel(${stream}, each, panels);`),
    weights: perFurther((stream) => `let w${stream} = w0 + first${stream} * panelBytes;`),
    results: `const to0 = y${perFurther((stream) => `, to${stream} = y + (first${stream} << 5)`)};`,
  };
}
