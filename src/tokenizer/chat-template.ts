import { Template } from '@huggingface/jinja';
import { GptEdgeError } from '../core/errors.ts';
import { guard } from './special-token-guard.ts';
import type { TextTokenizer } from './text-tokenizer.ts';
import type { TokenizerConfig } from './tokenizer-json.ts';

/** One message of a conversation. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/**
 * A model's chat template, which turns the messages of a conversation into the token ids of a prompt.
 * @example
 * ```ts
 * const template = ChatTemplate.from(config);
 * const ids = template?.encode([{ role: 'user', content: 'Tell me a story.' }], tokenizer);
 * ```
 */
export class ChatTemplate {
  readonly #template: Template;
  readonly #tokens: { bos_token: string; eos_token: string };

  private constructor(template: Template, tokens: { bos_token: string; eos_token: string }) {
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
      return new ChatTemplate(new Template(text), { bos_token: config.bos_token ?? '', eos_token: config.eos_token ?? '' });
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
   * @throws GptEdgeError `chat_template_error` if the template refuses the messages
   */
  encode(messages: readonly ChatMessage[], tokenizer: TextTokenizer): number[] {
    const guarded = messages.map(({ role, content }) => ({ role, content: guard(content, tokenizer.specialTokens) }));
    return tokenizer.encode(this.#render(guarded), { addSpecialTokens: false, parseSpecialTokens: true, isGuarded: true });
  }

  #render(messages: readonly ChatMessage[]): string {
    try {
      return this.#template.render({ messages, add_generation_prompt: true, ...this.#tokens });
    } catch (cause) {
      throw new GptEdgeError('chat_template_error', `The model's chat template refuses these messages: ${(cause as Error).message}`, {
        param: 'messages',
        cause,
      });
    }
  }
}

function templateText({ chat_template: template }: TokenizerConfig): string | undefined {
  if (typeof template === 'string') return template;
  return (template?.find(({ name }) => name === 'default') ?? template?.[0])?.template;
}
