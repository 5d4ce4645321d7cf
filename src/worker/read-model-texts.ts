import { type ModelCard, parseModelCard } from '../core/folder/model-card.ts';
import type { ModelFiles } from '../core/folder/model-files.ts';
import { CHAT_TEMPLATE_FILE } from '../core/folder/template-files.ts';
import { MAX_CARD_BYTES } from '../core/limits.ts';
import { parseTokenizerConfig } from '../tokenizer/tokenizer-json.ts';

/** What a model's small files say about it to people and clients. */
export interface ModelTexts {
  hasChatTemplate: boolean;
  /** null if the folder has no model card. */
  card: ModelCard | null;
}

/**
 * Reads what describes a model without loading it.
 * @throws GptEdgeError `model_unavailable` if tokenizer_config.json is missing or damaged, `unsupported_model` if it
 *   cannot be read
 */
export async function readModelTexts(files: ModelFiles): Promise<ModelTexts> {
  const [hasChatTemplate, card] = await Promise.all([findChatTemplate(files), readCard(files)]);
  return { hasChatTemplate, card };
}

/** A template is a file of its own, or a field of tokenizer_config.json: one text, or a list of named ones. */
async function findChatTemplate(files: ModelFiles): Promise<boolean> {
  if (CHAT_TEMPLATE_FILE in files.manifest.files) return true;
  const { chat_template: template } = parseTokenizerConfig(await files.read('tokenizer_config.json'));
  return typeof template === 'string' || (template ?? []).length > 0;
}

/** No answer depends on the card, so a card that cannot be read is as good as none. */
async function readCard(files: ModelFiles): Promise<ModelCard | null> {
  const file = files.manifest.files['README.md'];
  if (file === undefined || file.bytes > MAX_CARD_BYTES) return null;
  const bytes = await files.read('README.md').catch(() => null);
  return bytes && parseModelCard(new TextDecoder().decode(bytes));
}
