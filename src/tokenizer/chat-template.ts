import { Template } from '@huggingface/jinja';
import { GptEdgeError } from '../core/errors.ts';
import { guard } from './special-token-guard.ts';
import type { TextTokenizer } from './text-tokenizer.ts';
import type { TokenizerConfig } from './tokenizer-json.ts';

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

const source = ({ chat_template: template }: TokenizerConfig): string | undefined =>
  typeof template === 'string' ? template : (template?.find(({ name }) => name === 'default') ?? template?.[0])?.template;

/** A model's chat template: messages in, the token ids of the rendered conversation out. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #tokens: { bos_token: string; eos_token: string };

  private constructor(template: Template, tokens: { bos_token: string; eos_token: string }) {
    this.#template = template;
    this.#tokens = tokens;
  }

  /**
   * @returns null where the model has no template
   * @throws GptEdgeError `unsupported_model` where it has one that is no Jinja
   */
  static from(config: TokenizerConfig): ChatTemplate | null {
    const text = source(config);
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
   * The conversation up to where the assistant speaks next. Special tokens that a message spells out stay text.
   * @throws GptEdgeError `chat_template_error` where the template refuses the messages
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
