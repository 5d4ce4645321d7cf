import type { Sequence } from '../core/decoder.ts';
import { checkContext } from './check-context.ts';
import type { CompletionRequest } from './completion-request.ts';
import { decode } from './decode.ts';
import type { LanguageModel } from './language-model.ts';
import { prefill } from './prefill.ts';
import { type ScoredToken, scoreToken } from './sampling/log-probabilities.ts';
import { type TextPiece, textPieces } from './text/text-pieces.ts';
import { Turns } from './work-budget.ts';

/** The scored prompt comes first where it was asked for (its first token has no score), then each choice's pieces in turn. */
export type CompletionEvent = { type: 'prompt'; tokens: (ScoredToken | null)[] } | ({ type: 'piece'; choice: number } & TextPiece);

/**
 * Completes one prompt. All choices share one prefill; each goes on from a fork of its KV cache.
 * @throws GptEdgeError `context_length_exceeded`; the signal's reason once it is aborted
 */
export async function* complete(model: LanguageModel, request: CompletionRequest, signal?: AbortSignal): AsyncGenerator<CompletionEvent> {
  const { prompt, maxTokens, sampling, topLogprobs } = request;
  const { eosTokenIds, multiplyAddsPerToken } = model.manifest;
  const turns = new Turns(model.decoder.multiplyAddsPerTurn, signal);
  checkContext(model, prompt.length, maxTokens);
  const sequence = model.decoder.createSequence();
  try {
    const { logits, scores } = await readPrompt(model, sequence, request, turns);
    if (request.scorePrompt) yield { type: 'prompt', tokens: scores };
    for (let choice = 0; choice < request.choices; choice++) {
      // The last needs no copy of the past: no one goes on from it any more.
      const branch = choice === request.choices - 1 ? sequence : sequence.fork();
      try {
        const step = { math: model.math, eosTokenIds, multiplyAddsPerToken, topLogprobs, turns };
        const tokens = decode({ sequence: branch, logits, prompt, sampling, choice, maxTokens, ...step });
        for await (const piece of textPieces(tokens, model.tokenizer, request.stops, prompt)) yield { type: 'piece', choice, ...piece };
      } finally {
        branch.dispose();
      }
    }
  } finally {
    sequence.dispose();
  }
}

/** The logits after the prompt, a copy of its own; with `scorePrompt` also each prompt token's score given those before it. */
async function readPrompt(model: LanguageModel, sequence: Sequence, request: CompletionRequest, turns: Turns) {
  const { prompt, scorePrompt, topLogprobs = 0 } = request;
  const { vocabularySize } = model.decoder;
  const scores: (ScoredToken | null)[] = [null];
  let last = new Float32Array(vocabularySize);
  for await (const { start, logits } of prefill(model, sequence, prompt, turns, { allLogits: scorePrompt })) {
    const rows = logits.length / vocabularySize;
    const row = (index: number) => logits.subarray(index * vocabularySize, (index + 1) * vocabularySize);
    for (let index = 0; scorePrompt && index < rows && start + index + 1 < prompt.length; index++)
      scores.push(scoreToken(model.math, row(index), prompt[start + index + 1], topLogprobs));
    if (rows > 0) last = row(rows - 1).slice();
  }
  return { logits: last, scores };
}
