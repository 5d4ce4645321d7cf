import { CHAT_TEMPLATE_FILE } from './template-files.ts';

/**
 * The files of a model folder that may be edited by hand: what a chat looks like, how tokens are chosen, and the model
 * card. Graph, weights, tokenizer.json and config.json describe one another, and only a conversion changes them.
 */
export const EDITABLE_FILES: readonly string[] = ['README.md', CHAT_TEMPLATE_FILE, 'generation_config.json', 'tokenizer_config.json'];

/** What to do about a file that is not as the manifest says: the end of an error's message. */
export function adviceFor(name: string, folder: string): string {
  if (!EDITABLE_FILES.includes(name)) return '';
  return ` If it was edited on purpose, run: npx gpt-edge refresh ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}`;
}
