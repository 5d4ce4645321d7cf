import { currentBranch } from './conversation.ts';
import { conversationOf, modelOf, type PlaygroundState } from './playground-state.ts';
import { askedLength } from './requests.ts';

/**
 * Says that the draft is too long for the context window, as far as is known while it is being typed; null if it is
 * not. What a chat template adds is not counted, so a chat may still be refused that is not called too long here.
 */
export function lengthWarning(state: PlaygroundState): string | null {
  const window = modelOf(state)?.context_window;
  if (window === undefined || state.draftTokens === null) return null;
  // An empty message is not sent.
  if (state.mode !== 'completion' && conversationOf(state).draft.trim() === '') return null;
  const prompt = earlierTokens(state) + state.draftTokens;
  // A decision generates nothing.
  const length = state.mode === 'decide' ? 0 : askedLength(state);
  if (prompt + length <= window) return null;
  const sum = length === 0 ? count(prompt) : `${count(prompt)} and an answer of up to ${length.toLocaleString('en')}`;
  return `Too long: the context window holds ${count(window)}, and this would be ${sum}. ${advice(state, window - prompt)}`;
}

/** Tokens of the chat's turns so far. A completion begins anew. */
function earlierTokens(state: PlaygroundState): number {
  const turn = conversationOf(state).turns.at(-1);
  if (state.mode !== 'chat' || !turn) return 0;
  return (turn.promptIds?.length ?? 0) + currentBranch(turn).tokens.length;
}

function advice(state: PlaygroundState, room: number): string {
  const isLaterTurn = state.mode === 'chat' && conversationOf(state).turns.length > 0;
  const shorten = isLaterTurn ? 'Clear the conversation' : 'Shorten the text';
  if (room <= 0 || state.mode === 'decide') return `${shorten}.`;
  // A chat's template adds tokens that are not known here, so less than the room may be left.
  return state.mode === 'chat'
    ? `${shorten}, or set a shorter length.`
    : `${shorten}, or set a length of at most ${room.toLocaleString('en')}.`;
}

const count = (tokens: number): string => `${tokens.toLocaleString('en')} token${tokens === 1 ? '' : 's'}`;
