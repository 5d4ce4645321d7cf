import { CHAT_TEMPLATE_FILE, namedTemplates, TOOL_TEMPLATE_FILE } from '../../core/folder/template-files.ts';
import { ChatTemplate } from '../../tokenizer/chat-template.ts';
import { checkVocabulary } from '../../tokenizer/check-vocabulary.ts';
import { TextTokenizer } from '../../tokenizer/text-tokenizer.ts';
import { parseTokenizerConfig, parseTokenizerJson } from '../../tokenizer/tokenizer-json.ts';
import type { SmallFiles } from '../files/json-files.ts';

/**
 * Opens tokenizer and chat template as the Worker will, so that what it would refuse is refused here.
 * @param vocabularySize rows of the embedding
 * @throws GptEdgeError `unsupported_model`, naming the file and what in it is not supported
 */
export function checkTokenizer({ files }: SmallFiles, vocabularySize: number): void {
  checkVocabulary(new TextTokenizer(parseTokenizerJson(files.get('tokenizer.json')!)), vocabularySize);
  const config = parseTokenizerConfig(files.get('tokenizer_config.json')!);
  ChatTemplate.from(config, {
    default: files.get(CHAT_TEMPLATE_FILE),
    toolUse: files.get(TOOL_TEMPLATE_FILE),
    named: namedTemplates([...files.keys()]),
  });
}
