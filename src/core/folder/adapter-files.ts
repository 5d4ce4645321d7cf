/** Files of adapters: `adapters/<name>/adapter.json`, the adapter's own manifest, and `adapters/<name>/adapter.bin`. */
const ADAPTER_FILE = /^adapters\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})\/adapter\.(json|bin)$/;

/** Whether a file belongs to an adapter. The base model's answers do not depend on it. */
export const isAdapterFile = (file: string): boolean => ADAPTER_FILE.test(file);

/** The files of an adapter in a model folder; undefined for a name that no adapter may have. */
export function adapterFiles(name: string): { readonly manifest: string; readonly weights: string } | undefined {
  const [manifest, weights] = ['json', 'bin'].map((end) => `adapters/${name}/adapter.${end}`);
  return isAdapterFile(manifest) ? { manifest, weights } : undefined;
}

/** The names of the adapters among a model folder's files, sorted. */
export function adapterNames(files: Readonly<Record<string, unknown>>): string[] {
  return [...new Set(Object.keys(files).flatMap((file) => ADAPTER_FILE.exec(file)?.[1] ?? []))].sort();
}

/** What stands between the id of a model and the name of an adapter. Neither may have it. */
const SEPARATOR = ':';

/** The id of a model with an adapter: `base:adapter`. */
export const variantId = (base: string, adapter: string): string => `${base}${SEPARATOR}${adapter}`;

/** Takes an id apart into that of the base model and the name of the adapter, if it names one. */
export function parseVariantId(id: string): { readonly base: string; readonly adapter?: string } {
  const end = id.indexOf(SEPARATOR);
  return end < 0 ? { base: id } : { base: id.slice(0, end), adapter: id.slice(end + 1) };
}
