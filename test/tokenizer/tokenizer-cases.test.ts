import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ChatMessage, ChatTemplate } from '../../src/tokenizer/chat-template.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

const CASES = join(import.meta.dirname, '../golden/tokenizer-cases');

interface Reference {
  conversations: { messages: ChatMessage[]; ids: number[] }[];
  texts: { text: string; ids: number[] }[];
}

describe.each(readdirSync(CASES))('the tokenizer of %s', (name) => {
  const path = (file: string) => join(CASES, name, file);
  const tokenizer = new TextTokenizer(parseTokenizerJson(readFileSync(path('tokenizer.json'))));
  const file = existsSync(path('chat_template.jinja')) ? readFileSync(path('chat_template.jinja')) : null;
  const template = ChatTemplate.from(parseTokenizerConfig(readFileSync(path('tokenizer_config.json'))), { default: file })!;
  const reference: Reference = JSON.parse(readFileSync(path('reference.json'), 'utf8'));

  it('should give the ids that transformers gives to texts', () => {
    for (const { text, ids } of reference.texts) expect(tokenizer.encode(text, { parseSpecialTokens: true }), text).toEqual(ids);
  });

  it('should give the ids that transformers gives to conversations', () => {
    for (const { messages, ids } of reference.conversations)
      expect(template.encode(messages, tokenizer), JSON.stringify(messages)).toEqual(ids);
  });
});

describe('a chat template in a file', () => {
  const tokenizer = new TextTokenizer(parseTokenizerJson(readFileSync(join(CASES, 'template-file/tokenizer.json'))));
  const bytes = (text: string) => new TextEncoder().encode(text);
  const encode = (text: string) => tokenizer.encode(text, { addSpecialTokens: false });

  it('should go before one in tokenizer_config.json', () => {
    const template = ChatTemplate.from({ chat_template: 'old' }, { default: bytes('new\r\n') })!;
    expect(template.encode([], tokenizer)).toEqual(encode('new'));
  });

  it('should be named by errors', () => {
    expect(() => ChatTemplate.from({}, { default: bytes('{% if %}') })).toThrow(
      expect.objectContaining({
        code: 'unsupported_model',
        param: 'chat_template.jinja',
        message: expect.stringContaining('chat_template.jinja: '),
      }),
    );
    expect(() => ChatTemplate.from({}, { default: Uint8Array.of(0xff) })).toThrow('chat_template.jinja: is not text in UTF-8');
    expect(() => ChatTemplate.from({}, { default: bytes('{{ range(1000000000) }}') })!.encode([], tokenizer)).toThrow(
      'chat_template.jinja',
    );
  });

  it('should be missing where all are for other uses', () => {
    const template = ChatTemplate.from({ chat_template: 'old' }, { named: ['tool_use', 'rag'] })!;
    expect(() => template.encode([], tokenizer)).toThrow("The model's chat templates are named tool_use, rag, and none is named default.");
  });
});
