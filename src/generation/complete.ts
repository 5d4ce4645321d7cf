import type { Sequence } from '../core/decoder.ts';
import { checkContext } from './check-context.ts';
import type { CompletionRequest } from './completion-request.ts';
import { decode } from './decode.ts';
import type { LanguageModel } from './language-model.ts';
import { prefill } from './prefill.ts';
import { type ScoredToken, scoreToken } from './sampling/log-probabilities.ts';
import { type TextPiece, textPieces } from './text/text-pieces.ts';
import { WorkBudget } from './work-budget.ts';

/**
 * The scored prompt comes first if the request asks for it (its first token has no score), then each choice's pieces
 * in turn.
 */
export type CompletionEvent = { type: 'prompt'; tokens: (ScoredToken | null)[] } | ({ type: 'piece'; choice: number } & TextPiece);

/**
 * Completes one prompt. All choices share one prefill; each continues from a fork of its KV cache.
 * @throws GptEdgeError `context_length_exceeded`; the signal's reason once it is aborted
 */
export async function* complete(model: LanguageModel, request: CompletionRequest, signal?: AbortSignal): AsyncGenerator<CompletionEvent> {
  checkContext(model, request.prompt.length, request.maxTokens);
  const budget = new WorkBudget(model.decoder.multiplyAddsPerTurn, signal);
  const sequence = model.decoder.createSequence();
  try {
    const { logits, scores } = await readPrompt(model, sequence, request, budget);
    if (request.scorePrompt) yield { type: 'prompt', tokens: scores };
    for (let choice = 0; choice < request.choices; choice++) {
      // The last choice needs no copy of the past: nothing continues from it afterwards.
      const branch = choice === request.choices - 1 ? sequence : sequence.fork();
      try {
        const tokens = decode(model, branch, request, { choice, logits, budget });
        const pieces = textPieces(tokens, model.tokenizer, request.stops, request.prompt);
        for await (const piece of pieces) yield { type: 'piece', choice, ...piece };
      } finally {
        branch.dispose();
      }
    }
  } finally {
    sequence.dispose();
  }
}

/**
 * Feeds the prompt. All choices begin with the same logits, so those after its last token are copied, once.
 * @returns the copy; with `scorePrompt` also the score of each prompt token, given the tokens before it
 */
async function readPrompt(model: LanguageModel, sequence: Sequence, request: CompletionRequest, budget: WorkBudget) {
  const { prompt, scorePrompt, topLogprobs = 0 } = request;
  const scores: (ScoredToken | null)[] = [null];
  const last = new Float32Array(model.decoder.vocabularySize);
  const read: Parameters<typeof prefill>[4] = (logits, index) => {
    if (index + 1 < prompt.length) scores.push(scoreToken(logits, prompt[index + 1], topLogprobs));
    else last.set(logits.values);
  };
  await prefill(model, sequence, prompt, budget, read, { allLogits: scorePrompt });
  return { logits: last, scores };
}
