/**
 * The whole text, cut where the stop string begins that ends first; of several that end there, the longest. Null
 * without one.
 */
export function cutAtFirstStop(stops: readonly string[], text: string): string | null {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    if (ending.length > 0) return text.slice(0, end - Math.max(...ending.map((stop) => stop.length)));
  }
  return null;
}
