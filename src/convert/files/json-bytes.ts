/** A JSON file of a model folder. */
export function jsonBytes(json: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}
