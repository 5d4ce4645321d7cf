/**
 * The chat template of a model folder, if it is a file of its own. It is preferred over one in tokenizer_config.json.
 */
export const CHAT_TEMPLATE_FILE = 'chat_template.jinja';

/** The chat template for conversations in which functions may be called, if a model has one of its own for them. */
export const TOOL_TEMPLATE_FILE = 'chat_template.tool_use.jinja';

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

/** Whether a file holds a template that no conversation takes. */
export const isUnusedTemplate = (file: string): boolean => file !== TOOL_TEMPLATE_FILE && NAMED_TEMPLATE.test(file);
