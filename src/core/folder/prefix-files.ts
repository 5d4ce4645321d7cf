/** Files of stored prefixes: `prefixes/<name>/kv-cache.bin`. */
const PREFIX_FILE = /^prefixes\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})\/kv-cache\.bin$/;

/** The file in a model folder that holds the keys and values of the prefix `name`; undefined for an invalid name. */
export function prefixFile(name: string): string | undefined {
  const file = `prefixes/${name}/kv-cache.bin`;
  return PREFIX_FILE.test(file) ? file : undefined;
}

/** Whether a file holds a stored prefix. Answers do not depend on it; they only begin sooner. */
export const isPrefixFile = (file: string): boolean => PREFIX_FILE.test(file);
