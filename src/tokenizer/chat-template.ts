import { GptEdgeError } from '../core/errors.ts';
import type { ThinkTags } from '../core/folder/manifest.ts';
import { CHAT_TEMPLATE_FILE, TOOL_TEMPLATE_FILE } from '../core/folder/template-files.ts';
import { finish, type Steps } from './pace.ts';
import { CompiledTemplate, TemplateRefusal } from './template/compiled-template.ts';
import { type OriginText, sliceOrigin } from './template/written-ranges.ts';
import type { TextTokenizer } from './text-tokenizer.ts';
import type { TokenizerConfig } from './tokenizer-json.ts';

/** One message of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** What an assistant thought before it answered. */
  reasoning?: string;
  /** The functions that an assistant's message calls. */
  toolCalls?: readonly ToolCall[];
  /** The call that a tool's message is the result of. */
  toolCallId?: string;
  /** The function that a tool's message is the result of. */
  name?: string;
}

/** A call of a function. */
export interface ToolCall {
  id: string;
  name: string;
  /** The JSON object of the arguments, or its text, as the template wants it. */
  arguments: unknown;
}

/** A function that may be called, as OpenAI and Hugging Face describe it. */
export interface ToolDefinition {
  name: string;
  description?: string;
  /** A JSON Schema. */
  parameters?: unknown;
}

/** What a template renders besides the messages. */
export interface TemplateOptions {
  /** Functions that the model may call. @default none */
  tools?: readonly ToolDefinition[];
  /** Whether the text ends where the assistant's next message begins. @default true */
  addGenerationPrompt?: boolean;
  /** Whether the text ends where the content of the last message does, so that the model continues it. @default false */
  continueFinalMessage?: boolean;
  /** Further variables of the template by name, of which each is a free one. @default none */
  variables?: Readonly<Record<string, unknown>>;
}

const THINK_TAGS: ThinkTags = { start: '<think>', end: '</think>' };

/** The name of a template for conversations in which functions may be called. */
const TOOL_TEMPLATE = 'tool_use';

/** The chat templates that a model folder has as files of their own. */
export interface TemplateFiles {
  /** The bytes of chat_template.jinja. */
  readonly default?: Uint8Array | null;
  /** The bytes of chat_template.tool_use.jinja. */
  readonly toolUse?: Uint8Array | null;
  /** The names of other templates, which are for other uses than a plain conversation. */
  readonly named?: readonly string[];
}

/**
 * Where the templates come from, as messages name it, and their texts. If there are only named ones, the text is missing.
 */
interface TemplateSource {
  readonly where: string;
  readonly text?: string;
  /** The template for conversations with tools, if that is another one. */
  readonly toolText?: string;
  readonly names: readonly string[];
}

/**
 * A model's chat template, which turns the messages of a conversation into the token ids of a prompt.
 *
 * A template renders all messages into one text, in which a `<|im_end|>` out of a message looks like the template's
 * own. So the rendered text knows which of its characters the template wrote, and only within these are special tokens
 * read.
 *
 * @example
 * ```ts
 * const template = ChatTemplate.from(config);
 * const ids = template?.encode([{ role: 'user', content: 'Tell me a story.' }], tokenizer);
 * ```
 */
export class ChatTemplate {
  readonly #source: TemplateSource;
  readonly #template: CompiledTemplate | undefined;
  readonly #toolTemplate: CompiledTemplate | undefined;
  readonly #tokens: Readonly<Record<string, string>>;

  private constructor(source: TemplateSource, tokens: Readonly<Record<string, string>>) {
    this.#source = source;
    this.#template = source.text === undefined ? undefined : new CompiledTemplate(source.text);
    this.#toolTemplate = source.toolText === undefined ? this.#template : new CompiledTemplate(source.toolText);
    this.#tokens = tokens;
  }

  /**
   * Reads a model's template as transformers chooses it: templates that are files go before those of
   * tokenizer_config.json, and of several the one named `default` is taken, or `tool_use` for tools.
   * @returns null if the model has no template
   * @throws GptEdgeError `unsupported_model` if the template is not valid Jinja
   */
  static from(config: TokenizerConfig, files: TemplateFiles = {}): ChatTemplate | null {
    const source = chooseTemplate(config, files);
    if (source === null) return null;
    try {
      return new ChatTemplate(source, namedTokens(config));
    } catch (cause) {
      throw new GptEdgeError('unsupported_model', `${source.where}: ${(cause as Error).message}`, {
        param: source.where.split(':')[0],
        cause,
      });
    }
  }

  /**
   * The token ids of the conversation, up to where the assistant's next message begins. The spellings of special tokens
   * in a message stay text.
   * @throws GptEdgeError `chat_template_error` if the template refuses the messages, or there is none for a
   *   conversation; `unsupported_model` if the template itself fails, or takes more than a rendering may
   */
  encode(messages: readonly ChatMessage[], tokenizer: TextTokenizer, options?: TemplateOptions): number[] {
    return finish(this.encodeSteps(messages, tokenizer, options));
  }

  /** Encodes as `encode`, in steps of a few milliseconds each. The caller may do other work in between. */
  *encodeSteps(messages: readonly ChatMessage[], tokenizer: TextTokenizer, options?: TemplateOptions): Steps<number[]> {
    const { value, written } = yield* this.#render(messages, options);
    return yield* tokenizer.encodeSteps(value, { addSpecialTokens: false, parseSpecialTokens: written });
  }

  /**
   * Renders a conversation in which a mark stands for a text that is not known yet.
   * @returns what the template makes of it before and after the mark
   * @throws GptEdgeError as `encode`; `chat_template_error` also if the template does not repeat the mark exactly once
   */
  *splitSteps(messages: readonly ChatMessage[], mark: string): Steps<{ before: OriginText; after: OriginText }> {
    const rendered = yield* this.#render(messages);
    const start = rendered.value.indexOf(mark);
    if (start < 0 || rendered.value.includes(mark, start + mark.length))
      throw new GptEdgeError('chat_template_error', "The model's chat template does not repeat a message as it is.", { param: 'model' });
    const { length } = rendered.value;
    return { before: sliceOrigin(rendered, 0, start), after: sliceOrigin(rendered, start + mark.length, length) };
  }

  /** The tags between which the model thinks, if the template knows of any: those of nearly all models that do. */
  get thinkTags(): ThinkTags | undefined {
    const { text = '' } = this.#source;
    return text.includes(THINK_TAGS.start) && text.includes(THINK_TAGS.end) ? THINK_TAGS : undefined;
  }

  /** The text of the conversation, in steps. @throws as `encode` */
  *renderSteps(messages: readonly ChatMessage[], options?: TemplateOptions): Steps<string> {
    return (yield* this.#render(messages, options)).value;
  }

  /** The variables are those of transformers' `apply_chat_template`. */
  *#render(messages: readonly ChatMessage[], options: TemplateOptions = {}): Steps<OriginText> {
    const { tools = [], addGenerationPrompt = true, continueFinalMessage = false, variables: further = {} } = options;
    const variables = {
      ...further,
      messages: messages.map(toVariable),
      tools: tools.length > 0 ? tools.map((tool) => ({ type: 'function', function: { ...tool } })) : null,
      documents: null,
      add_generation_prompt: addGenerationPrompt,
    };
    const template = tools.length > 0 || messages.some(hasTools) ? this.#toolTemplate : this.#template;
    const { where, names } = this.#source;
    if (!template)
      throw new GptEdgeError(
        'chat_template_error',
        `The model's chat templates are named ${names.join(', ')}, and none is named default.`,
        {
          param: 'model',
        },
      );
    try {
      const rendered = yield* template.render({ variables, tokens: this.#tokens });
      return continueFinalMessage ? cutAfter(rendered, messages[messages.length - 1].content) : rendered;
    } catch (cause) {
      if (cause instanceof GptEdgeError) throw cause;
      const { message } = cause as Error;
      if (cause instanceof TemplateRefusal)
        throw new GptEdgeError('chat_template_error', `The model's chat template refuses these messages: ${message}`, {
          param: 'messages',
          cause,
        });
      // A template may expect something else of a variable than what the caller gave it.
      if (Object.keys(further).length > 0)
        throw new GptEdgeError('chat_template_error', `The model's chat template fails with these chat_template_kwargs: ${message}`, {
          param: 'chat_template_kwargs',
          cause,
        });
      throw new GptEdgeError('unsupported_model', `The model's chat template (${where}) fails: ${message}.`, {
        param: 'model',
        cause,
      });
    }
  }
}

/**
 * Cuts a rendered conversation where its last message's content ends, as transformers does: white space at both ends of
 * the content is kept only where the template keeps it.
 */
function cutAfter(rendered: OriginText, content: string): OriginText {
  const trimmed = content.trim();
  const place = trimmed === '' ? -1 : rendered.value.lastIndexOf(trimmed);
  if (place === -1)
    throw new GptEdgeError('chat_template_error', 'The last message cannot be continued: it is empty, or the chat template changes it.', {
      param: 'messages',
    });
  const kept = content.trimStart();
  return sliceOrigin(rendered, 0, place + (rendered.value.startsWith(kept, place) ? kept : trimmed).length);
}

const hasTools = ({ role, toolCalls }: ChatMessage): boolean => role === 'tool' || (toolCalls?.length ?? 0) > 0;

/** A message as templates know it. */
const toVariable = ({ role, content, reasoning, toolCalls, toolCallId, name }: ChatMessage) => ({
  role,
  content,
  ...(reasoning !== undefined && { reasoning_content: reasoning }),
  ...(toolCalls && {
    tool_calls: toolCalls.map((call) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } })),
  }),
  ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
  ...(name !== undefined && { name }),
});

function chooseTemplate(
  { chat_template: config }: TokenizerConfig,
  { default: file, toolUse, named = [] }: TemplateFiles,
): TemplateSource | null {
  if (file || named.length > 0) {
    const toolText = toolUse ? decodeTemplate(toolUse, TOOL_TEMPLATE_FILE) : undefined;
    return { where: CHAT_TEMPLATE_FILE, text: file ? decodeTemplate(file, CHAT_TEMPLATE_FILE) : undefined, toolText, names: named };
  }
  const where = 'tokenizer_config.json: chat_template';
  if (typeof config === 'string') return { where, text: config, names: [] };
  if (!config || config.length === 0) return null;
  const text = (wanted: string) => config.find(({ name }) => name === wanted)?.template;
  return { where, text: text('default'), toolText: text(TOOL_TEMPLATE), names: config.map(({ name }) => name) };
}

/** As Python reads a text file: line breaks of every kind are `\n`, and a byte order mark is kept. */
function decodeTemplate(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch (cause) {
    throw new GptEdgeError('unsupported_model', `${file}: is not text in UTF-8`, { param: file, cause });
  }
}

/** All special tokens that the configuration names, as transformers hands them to a template. */
function namedTokens(config: TokenizerConfig): Record<string, string> {
  const content = (value: unknown) => (typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value);
  const named = Object.entries(config).map(([name, value]) => [name, content(value)] as const);
  return Object.fromEntries(named.filter(([name, value]) => name.endsWith('_token') && typeof value === 'string')) as Record<
    string,
    string
  >;
}
