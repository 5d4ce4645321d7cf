import type { GgufMetadata } from '../gguf-metadata.ts';

const KEY = 'tokenizer.chat_template';

/**
 * Reads a file's chat templates: the one for plain conversations, and those for other uses,
 * `tokenizer.chat_template.tool_use` and the like.
 * @returns what tokenizer_config.json states as `chat_template`: one template, or a list of named ones; undefined if
 *   there is none
 */
export function chatTemplates(metadata: GgufMetadata): string | { name: string; template: string }[] | undefined {
  const main = metadata.optionalText(KEY);
  const named = metadata.keys(`${KEY}.`).map((key) => ({ name: key.slice(KEY.length + 1), template: metadata.text(key) }));
  if (named.length === 0) return main;
  return [...(main === undefined ? [] : [{ name: 'default', template: main }]), ...named];
}
