/** The Worker's variables for what a command was told of engine and KV cache; none for what it was not told. */
export function engineVars({ engine, kvCache }: { engine?: string; kvCache?: string }): Record<string, string> {
  return { ...(engine === undefined ? {} : { ENGINE: engine }), ...(kvCache === undefined ? {} : { KV_CACHE: kvCache }) };
}
