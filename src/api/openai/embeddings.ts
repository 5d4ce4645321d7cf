import { GptEdgeError } from '../../core/errors.ts';
import { checkContext } from '../../generation/check-context.ts';
import type { Embedding } from '../../generation/embed.ts';
import type { LanguageModel } from '../../generation/language-model.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { Embeddings, EmbeddingsRequest } from './schemas/embeddings-schema.ts';
import { encodePrompt } from './to-prompt-tokens.ts';

/** Numbers that are written into an answer in a turn. */
const NUMBERS_PER_TURN = 400_000;

/**
 * The tokens of each text whose embedding a request wants.
 * @throws GptEdgeError `unsupported_parameter` for a model without embeddings, or for dimensions that it does not have;
 *   `invalid_value` or `context_length_exceeded` for a text
 */
export async function toEmbeddingTexts(body: EmbeddingsRequest, model: LanguageModel, budget: WorkBudget): Promise<(readonly number[])[]> {
  checkSupport(body, model);
  const { input } = body;
  const inputs = Array.isArray(input) && typeof input[0] !== 'number' ? (input as (string | number[])[]) : [input as string | number[]];
  const texts: (readonly number[])[] = [];
  for (const one of inputs) texts.push(await encodePrompt(one, model, budget, 'input'));
  for (const { length } of texts) checkContext(model, length, 0, { prompt: 'input' });
  if (texts.some(({ length }) => length === 0))
    throw new GptEdgeError('invalid_value', 'Invalid input: a text without any token has no embedding.', { param: 'input' });
  return texts;
}

function checkSupport({ dimensions }: EmbeddingsRequest, { id, decoder }: LanguageModel): void {
  const { hiddenSize, engine } = decoder;
  if (hiddenSize === null)
    throw new GptEdgeError(
      'unsupported_parameter',
      `The model ${id} has no embeddings here: it runs on the engine ${engine}, which gives logits alone.`,
      { param: 'model' },
    );
  if (dimensions != null && dimensions !== hiddenSize)
    throw new GptEdgeError('unsupported_parameter', `The embeddings of ${id} have ${hiddenSize} dimensions, and cannot be cut to fewer.`, {
      param: 'dimensions',
    });
}

/** The answer, once all texts are computed. */
export async function toEmbeddings(
  { encoding_format }: EmbeddingsRequest,
  model: LanguageModel,
  texts: readonly (readonly number[])[],
  embedding: Embedding,
  budget: WorkBudget,
): Promise<Embeddings> {
  const data: Embeddings['data'] = [];
  for (const [index, vector] of (await embedding.vectors).entries()) {
    await budget.spendTurns(vector.length / NUMBERS_PER_TURN);
    data.push({ object: 'embedding', index, embedding: encoding_format === 'base64' ? toBase64(vector) : [...vector] });
  }
  const tokens = texts.reduce((sum, { length }) => sum + length, 0);
  return { object: 'list', data, model: model.id, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

/** The numbers as OpenAI's clients read them: float32, little-endian. */
function toBase64(vector: Float32Array): string {
  const bytes = new DataView(new ArrayBuffer(vector.length * 4));
  for (const [index, value] of vector.entries()) bytes.setFloat32(index * 4, value, true);
  return btoa(String.fromCharCode(...new Uint8Array(bytes.buffer)));
}
