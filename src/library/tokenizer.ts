/**
 * The tokenizer on its own: text to token ids and back, text that arrives token by token, and chat templates.
 * @example
 * import { ChatTemplate, parseTokenizerConfig, parseTokenizerJson, TextTokenizer } from 'gpt-edge/tokenizer';
 *
 * // The bytes of the two files in a model folder.
 * const config = parseTokenizerConfig(tokenizerConfigJson);
 * const tokenizer = new TextTokenizer(parseTokenizerJson(tokenizerJson));
 * const ids = tokenizer.encode('Once upon a time');
 * tokenizer.decode(ids); // 'Once upon a time'
 * // Token ids of a conversation; undefined if the model has no chat template.
 * const prompt = ChatTemplate.from(config)?.encode([{ role: 'user', content: 'Hi' }], tokenizer);
 * @module
 */

export { ChatTemplate } from '../tokenizer/chat-template.ts';
export { IncrementalDetokenizer } from '../tokenizer/incremental-detokenizer.ts';
export { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
export { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';
