import { GptEdgeError } from '../core/errors.ts';
import { CompiledTemplate, TemplateRefusal } from './template/compiled-template.ts';
import type { OriginText } from './template/written-ranges.ts';
import type { TextTokenizer } from './text-tokenizer.ts';
import type { TokenizerConfig } from './tokenizer-json.ts';

/** One message of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/**
 * A model's chat template, which turns the messages of a conversation into the token ids of a prompt.
 *
 * A template renders all messages into one text, in which a `<|im_end|>` out of a message looks like the template's own. So the rendered text
 * knows which of its characters the template wrote, and only within these are special tokens read.
 *
 * @example
 * ```ts
 * const template = ChatTemplate.from(config);
 * const ids = template?.encode([{ role: 'user', content: 'Tell me a story.' }], tokenizer);
 * ```
 */
export class ChatTemplate {
  readonly #template: CompiledTemplate;
  readonly #tokens: Readonly<Record<string, string>>;

  private constructor(template: CompiledTemplate, tokens: Readonly<Record<string, string>>) {
    this.#template = template;
    this.#tokens = tokens;
  }

  /**
   * Reads the template of a tokenizer_config.json. If there are several, this is the one named `default`, else the first.
   * @returns null if the model has no template
   * @throws GptEdgeError `unsupported_model` if the template is not valid Jinja
   */
  static from(config: TokenizerConfig): ChatTemplate | null {
    const text = templateText(config);
    if (text === undefined) return null;
    try {
      return new ChatTemplate(new CompiledTemplate(text), namedTokens(config));
    } catch (cause) {
      throw new GptEdgeError('unsupported_model', `tokenizer_config.json: chat_template: ${(cause as Error).message}`, {
        param: 'tokenizer_config.json',
        cause,
      });
    }
  }

  /**
   * The token ids of the conversation, up to where the assistant's next message begins. The spellings of special tokens in
   * a message stay text.
   * @throws GptEdgeError `chat_template_error` if the template refuses the messages; `unsupported_model` if the template itself fails, or takes
   *   more than a rendering may
   */
  encode(messages: readonly ChatMessage[], tokenizer: TextTokenizer): number[] {
    const { value, written } = this.#render(messages);
    return tokenizer.encode(value, { addSpecialTokens: false, parseSpecialTokens: written });
  }

  /** The variables are those of transformers' `apply_chat_template`. */
  #render(messages: readonly ChatMessage[]): OriginText {
    const variables = { messages, tools: null, documents: null, add_generation_prompt: true };
    try {
      return this.#template.render({ variables, tokens: this.#tokens });
    } catch (cause) {
      const { message } = cause as Error;
      if (cause instanceof TemplateRefusal)
        throw new GptEdgeError('chat_template_error', `The model's chat template refuses these messages: ${message}`, {
          param: 'messages',
          cause,
        });
      throw new GptEdgeError('unsupported_model', `The model's chat template (chat_template in tokenizer_config.json) fails: ${message}.`, {
        param: 'model',
        cause,
      });
    }
  }
}

function templateText({ chat_template: template }: TokenizerConfig): string | undefined {
  if (typeof template === 'string') return template;
  return (template?.find(({ name }) => name === 'default') ?? template?.[0])?.template;
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
