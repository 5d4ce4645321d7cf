import { GptEdgeError } from '../core/errors.ts';
import { CHAT_TEMPLATE_FILE } from '../core/folder/template-files.ts';
import { finish, type Steps } from './pace.ts';
import { CompiledTemplate, TemplateRefusal } from './template/compiled-template.ts';
import { type OriginText, sliceOrigin } from './template/written-ranges.ts';
import type { TextTokenizer } from './text-tokenizer.ts';
import type { TokenizerConfig } from './tokenizer-json.ts';

/** One message of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** The chat templates that a model folder has as files of their own. */
export interface TemplateFiles {
  /** The bytes of chat_template.jinja. */
  readonly default?: Uint8Array | null;
  /** The names of other templates, which are for other uses than a plain conversation. */
  readonly named?: readonly string[];
}

/**
 * Where a template comes from, as messages name it, and its text. If there are only named ones, the text is missing.
 */
interface TemplateSource {
  readonly where: string;
  readonly text?: string;
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
  readonly #tokens: Readonly<Record<string, string>>;

  private constructor(source: TemplateSource, tokens: Readonly<Record<string, string>>) {
    this.#source = source;
    this.#template = source.text === undefined ? undefined : new CompiledTemplate(source.text);
    this.#tokens = tokens;
  }

  /**
   * Reads a model's template as transformers chooses it: templates that are files go before those of
   * tokenizer_config.json, and of several the one named `default` is taken.
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
  encode(messages: readonly ChatMessage[], tokenizer: TextTokenizer): number[] {
    return finish(this.encodeSteps(messages, tokenizer));
  }

  /** Encodes as `encode`, in steps of a few milliseconds each. The caller may do other work in between. */
  *encodeSteps(messages: readonly ChatMessage[], tokenizer: TextTokenizer): Steps<number[]> {
    const { value, written } = yield* this.#render(messages);
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

  /** The variables are those of transformers' `apply_chat_template`. */
  *#render(messages: readonly ChatMessage[]): Steps<OriginText> {
    const variables = { messages, tools: null, documents: null, add_generation_prompt: true };
    const { where, names } = this.#source;
    if (!this.#template)
      throw new GptEdgeError(
        'chat_template_error',
        `The model's chat templates are named ${names.join(', ')}, and none is named default.`,
        {
          param: 'model',
        },
      );
    try {
      return yield* this.#template.render({ variables, tokens: this.#tokens });
    } catch (cause) {
      const { message } = cause as Error;
      if (cause instanceof TemplateRefusal)
        throw new GptEdgeError('chat_template_error', `The model's chat template refuses these messages: ${message}`, {
          param: 'messages',
          cause,
        });
      throw new GptEdgeError('unsupported_model', `The model's chat template (${where}) fails: ${message}.`, {
        param: 'model',
        cause,
      });
    }
  }
}

function chooseTemplate({ chat_template: config }: TokenizerConfig, { default: file, named = [] }: TemplateFiles): TemplateSource | null {
  if (file || named.length > 0) return { where: CHAT_TEMPLATE_FILE, text: file ? decodeTemplate(file) : undefined, names: named };
  const where = 'tokenizer_config.json: chat_template';
  if (typeof config === 'string') return { where, text: config, names: [] };
  if (!config || config.length === 0) return null;
  return { where, text: config.find(({ name }) => name === 'default')?.template, names: config.map(({ name }) => name) };
}

/** As Python reads a text file: line breaks of every kind are `\n`, and a byte order mark is kept. */
function decodeTemplate(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch (cause) {
    throw new GptEdgeError('unsupported_model', `${CHAT_TEMPLATE_FILE}: is not text in UTF-8`, { param: CHAT_TEMPLATE_FILE, cause });
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
