/**
 * Cuts a whole text where its first stop string begins. The first stop string is the one that ends first; if several
 * end at the same place, it is the longest. Returns null if there is none.
 */
export function cutAtFirstStop(stops: readonly string[], text: string): string | null {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (ending.length > 0) return text.slice(0, end - Math.max(...ending.map((stop) => stop.length)));
  }
  return null;
}
