import { ADAPTER_CONFIG, type AdapterConfig } from './adapter-config.ts';
import { namePattern } from './name-pattern.ts';

/** Stands for all products but that of the output head. */
const ALL_LINEAR = 'all-linear';

/**
 * Whether an adapter's configuration selects a module, by PEFT's rules: a text is a pattern for whole names, a list
 * holds whole names or their ends.
 * @returns undefined if the configuration leaves the choice to PEFT, which knows it for each architecture
 * @throws GptEdgeError `invalid_file` for a pattern that cannot be matched
 */
export function moduleSelector(config: AdapterConfig): ((module: string) => boolean) | undefined {
  const { target_modules: targets, exclude_modules: excluded, layers_to_transform: layers } = config;
  if (targets == null) return undefined;
  const isTarget = targets === ALL_LINEAR ? () => true : selects(targets, 'target_modules');
  const isExcluded = excluded == null ? () => false : selects(excluded, 'exclude_modules');
  const isInLayers = layers == null ? () => true : inLayers([layers].flat(), config.layers_pattern);
  return (module) => isTarget(module) && !isExcluded(module) && isInLayers(module);
}

function selects(names: string | readonly string[], field: string): (module: string) => boolean {
  if (typeof names === 'string') return namePattern(names, (pattern) => `^(?:${pattern})$`, ADAPTER_CONFIG, field);
  return (module) => names.some((name) => module === name || module.endsWith(`.${name}`));
}

/** The number after the name of the list of layers; without such a name, the first number in a name. */
function inLayers(layers: readonly number[], pattern: AdapterConfig['layers_pattern']): (module: string) => boolean {
  const names = [pattern ?? []].flat();
  return (module) => {
    const parts = module.split('.');
    const at = parts.findIndex((part, index) => /^\d+$/.test(part) && (names.length === 0 || names.includes(parts[index - 1])));
    return at >= 0 && layers.includes(Number(parts[at]));
  };
}
