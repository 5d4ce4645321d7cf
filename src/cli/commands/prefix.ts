import { Command, Option } from 'commander';
import type { EngineChoice } from '../../runtime/engine-choice.ts';
import { engineVars, kvCacheOption } from '../options.ts';

export const prefixCommand = new Command('prefix')
  .description('store what a model computes for a text that many prompts begin with, so that a cold Worker begins behind it')
  .argument('<folder>', 'a model folder')
  .addOption(new Option('--system <file>', 'the system message of chats').conflicts('text'))
  .option('--text <file>', 'the beginning of prompts for completion')
  .option('--adapter <name>', "one of the folder's adapters, with which the prefix is computed; default: the model itself")
  .option('--name <name>', 'what the prefix is called in the folder', 'system')
  .addOption(new Option('--remove', 'remove the prefix of this name instead').conflicts(['system', 'text']))
  .addOption(kvCacheOption())
  .action(prefix);

interface PrefixOptions {
  system?: string;
  text?: string;
  adapter?: string;
  name: string;
  remove?: boolean;
  kvCache?: EngineChoice['cacheFormat'];
}

/** Stores or removes a prefix in a model folder. */
async function prefix(path: string, { system, text, adapter, name, remove, kvCache }: PrefixOptions): Promise<void> {
  const { GptEdgeError } = await import('../../core/errors.ts');
  const { openModelFolder } = await import('../../local/model-folder.ts');
  const { removePrefix, storePrefix } = await import('../../local/stored-prefix.ts');
  const folder = await openModelFolder(path);
  if (remove) {
    await removePrefix(folder, name);
    console.log(`${path}: the prefix ${name} is removed.`);
    return;
  }
  const file = system ?? text;
  if (file === undefined) throw new GptEdgeError('invalid_value', 'A text is needed: --system <file> or --text <file>.');
  const { readText } = await import('../../local/evaluate/read-text.ts');
  const { planModels } = await import('../../local/plan-models.ts');
  const { ownWorkerConfig } = await import('../../local/worker-config.ts');
  const [{ planned }] = await planModels([folder], { ...(await ownWorkerConfig()).bindings, ...engineVars({ kvCache }) });
  const content = await readText(file);
  const stored = await storePrefix(folder, name, { ...(system === undefined ? { text: content } : { system: content }), adapter }, planned);
  console.log(`${path}: the prefix ${name} has ${stored.tokens} tokens and ${(stored.bytes / 1e6).toFixed(1)} MB.`);
}
