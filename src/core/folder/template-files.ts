/**
 * The chat template of a model folder, if it is a file of its own. It is preferred over one in tokenizer_config.json.
 */
export const CHAT_TEMPLATE_FILE = 'chat_template.jinja';

/**
 * Named templates for other uses than a plain conversation, such as `tool_use`. Hugging Face has them in a folder,
 * additional_chat_templates.
 */
const NAMED_TEMPLATE = /^chat_template\.([A-Za-z0-9_-]{1,64})\.jinja$/;

/** The file of the template of this name; undefined if a file cannot have that name. */
export function templateFile(name: string): string | undefined {
  const file = name === 'default' ? CHAT_TEMPLATE_FILE : `chat_template.${name}.jinja`;
  return name === 'default' || NAMED_TEMPLATE.test(file) ? file : undefined;
}

/** The names of the templates among a folder's files, `default` not among them. */
export function namedTemplates(files: readonly string[]): string[] {
  return files.flatMap((file) => NAMED_TEMPLATE.exec(file)?.[1] ?? []);
}

/** Whether a file holds a template that no conversation takes yet. */
export const isNamedTemplate = (file: string): boolean => NAMED_TEMPLATE.test(file);
