/** The tokenizer alone: text to token ids and back, text that comes token by token, chat templates. */
export { ChatTemplate } from '../tokenizer/chat-template.ts';
export { IncrementalDetokenizer } from '../tokenizer/incremental-detokenizer.ts';
export { TextTokenizer } from '../tokenizer/text-tokenizer.ts';
export { parseTokenizerConfig, parseTokenizerJson } from '../tokenizer/tokenizer-json.ts';
