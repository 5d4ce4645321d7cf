import type { LoadedAdapter } from './adapter-room.ts';
import type { Segment } from './segment.ts';

/** Puts feeds of the same adapter next to each other, in the order of the first of each. */
export function groupByAdapter<T extends { readonly adapter?: LoadedAdapter }>(feeds: readonly T[]): readonly T[] {
  const order = [...new Set(feeds.map(({ adapter }) => adapter))];
  return order.length < 2 ? feeds : order.flatMap((adapter) => feeds.filter((feed) => feed.adapter === adapter));
}

/** Joins neighbouring segments of the same adapter, and leaves out those of the base model. */
export function adaptedRows(segments: readonly Segment[]): Segment[] {
  const joined: Segment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (segment.adapter === undefined) continue;
    if (last?.adapter === segment.adapter && last.firstRow + last.rows === segment.firstRow)
      joined[joined.length - 1] = { ...last, rows: last.rows + segment.rows };
    else joined.push(segment);
  }
  return joined;
}
