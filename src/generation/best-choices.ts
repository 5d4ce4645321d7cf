import type { CompletionEvent, PieceEvent } from './completion-event.ts';
import type { CompletionRequest } from './completion-request.ts';
import { joinedPieces } from './outbox.ts';

/**
 * Keeps, of the completions of each prompt, as many as its request wants: those whose tokens are the most probable on
 * average, by the model's own log-probabilities. They are numbered anew, the best at 0, and come as one piece each.
 * Where a request wants all, its events come as they are.
 */
export async function* bestChoices(
  events: AsyncIterable<CompletionEvent>,
  requests: readonly CompletionRequest[],
): AsyncGenerator<CompletionEvent> {
  const whole = requests.map(() => new Map<number, PieceEvent>());
  for await (const event of events) {
    const { kept = Number.POSITIVE_INFINITY, choices } = requests[event.prompt];
    if (event.type === 'prompt' || kept >= choices) yield event;
    else whole[event.prompt].set(event.choice, joinedPieces(whole[event.prompt].get(event.choice), event));
  }
  for (const [prompt, { kept }] of requests.entries()) {
    const ranked = [...whole[prompt].values()].sort((a, b) => meanLogprob(b) - meanLogprob(a) || a.choice - b.choice);
    for (const [choice, piece] of ranked.slice(0, kept).entries()) yield { ...piece, choice };
  }
}

/** A completion of no tokens is like any other of no tokens. */
const meanLogprob = ({ totalLogprob, completionTokens }: PieceEvent): number =>
  completionTokens > 0 ? totalLogprob / completionTokens : 0;
