import { DEFAULT_POOLING } from '../core/folder/manifest.ts';
import { checkContext } from './check-context.ts';
import type { LanguageModel } from './language-model.ts';
import { MeanState } from './mean-state.ts';
import type { PromptTask } from './scheduler/prompt-run.ts';
import type { JobReader } from './scheduler/scheduler.ts';
import type { WorkBudget } from './work-budget.ts';

/** What a request for embeddings is answered with. */
export interface Embedding {
  /** Resolves when all texts are computed: a vector [hiddenSize] of length 1 for each. */
  readonly vectors: Promise<Float32Array[]>;
  readonly figures: JobReader['figures'];
}

/**
 * Computes an embedding of each text: the hidden states of the last layer after its norm, their mean or the last one as
 * the model's manifest says, scaled to length 1. All texts are computed together, as prompts are.
 * @param texts token ids, at least one each
 * @param partition as that of a `CompletionRequest`
 * @returns once there is room for the first of them
 * @throws GptEdgeError `context_length_exceeded`, `overloaded`; the reason of the budget's signal once it is aborted
 */
export async function embed(
  model: LanguageModel,
  texts: readonly (readonly number[])[],
  budget: WorkBudget,
  partition = '',
): Promise<Embedding> {
  for (const text of texts) checkContext(model, text.length, 0, { prompt: 'input' });
  const states = texts.map(() => new MeanState(model.decoder.hiddenSize ?? 0));
  const tasks = texts.map((tokens, index) => embeddingTask(model, tokens, partition, states[index]));
  const reader = await model.scheduler.submit(() => tasks, budget);
  const finish = async () => {
    for await (const _ of reader);
    return states.map((state) => state.direction());
  };
  return { vectors: finish(), figures: reader.figures };
}

function embeddingTask(
  { manifest, decoder, adapter }: LanguageModel,
  tokens: readonly number[],
  partition: string,
  state: MeanState,
): PromptTask {
  const { pooling = DEFAULT_POOLING } = manifest;
  const first = pooling === 'mean' ? 0 : tokens.length - 1;
  return {
    tokens,
    partition,
    adapter,
    choices: [],
    // States that were added are not added again after the prompt was preempted.
    firstRead: () => Math.min(first + state.count, tokens.length - 1),
    readWork: () => decoder.hiddenSize ?? 0,
    read: () => {},
    readHidden: (hidden, index) => {
      if (index === first + state.count) state.add(hidden);
    },
  };
}
