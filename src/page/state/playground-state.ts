import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import type { Conversation, Mode } from './conversation.ts';
import type { Distribution } from './distribution.ts';
import type { Parameter } from './parameters.ts';
import type { FieldTexts } from './sampling-fields.ts';

/** A place on the page where an error belongs: a request's field, or a part of the page. */
export interface Problem {
  /** `prompt`, `messages`, `model`, a parameter's name; else shown beside the buttons. */
  field: string | null;
  message: string;
}

/** A token that the reader looks at. */
export interface Selection {
  turn: number;
  token: number;
  /** null while it is asked for. */
  distribution: Distribution | null;
}

export interface Timing {
  /** Milliseconds from the press of the button to the first token. */
  firstTokenMs: number | null;
  tokensPerSecond: number | null;
}

export interface PlaygroundState {
  models: readonly WireModel[];
  modelId: string;
  /** Models that have answered, whatever another isolate says of itself. */
  answered: readonly string[];
  parameters: readonly Parameter[];
  fields: FieldTexts;
  mode: Mode;
  conversations: Readonly<Record<Mode, Conversation>>;
  /** Tokens of the prompt as it is typed; null until the model has counted. */
  draftTokens: number | null;
  isRunning: boolean;
  /** What is said to those who do not see the text come. */
  announcement: string;
  timing: Timing;
  selection: Selection | null;
  problem: Problem | null;
}

export const EXAMPLES: Readonly<Record<Mode, readonly string[]>> = {
  completion: ['Once upon a time, a little robot', 'Lily opened the box and saw', 'The dragon was sad because'],
  chat: ['Tell me a story about a dragon.', 'Write a story about Ben and a kite.', 'Write a story that uses the words frog and boat.'],
};

export const INITIAL_STATE: PlaygroundState = {
  models: [],
  modelId: '',
  answered: [],
  parameters: [],
  fields: {},
  mode: 'completion',
  conversations: { completion: { draft: EXAMPLES.completion[0], turns: [] }, chat: { draft: EXAMPLES.chat[0], turns: [] } },
  draftTokens: null,
  isRunning: false,
  announcement: '',
  timing: { firstTokenMs: null, tokensPerSecond: null },
  selection: null,
  problem: null,
};

export const conversationOf = (state: PlaygroundState): Conversation => state.conversations[state.mode];
export const modelOf = (state: PlaygroundState): WireModel | undefined => state.models.find(({ id }) => id === state.modelId);
export const endIdsOf = (state: PlaygroundState): readonly number[] => modelOf(state)?.eos_token_ids ?? [];

/** An empty prompt is one too: the model begins a text of its own. */
export const canGenerate = (state: PlaygroundState): boolean =>
  modelOf(state) !== undefined && (state.mode === 'completion' || conversationOf(state).draft.trim() !== '');

/** Tokens of the context window that prompt and answer take up. */
export function contextUse(state: PlaygroundState): { prompt: number; answer: number } {
  const turn = conversationOf(state).turns.at(-1);
  if (!turn) return { prompt: state.mode === 'completion' ? (state.draftTokens ?? 0) : 0, answer: 0 };
  return { prompt: turn.promptIds?.length ?? 0, answer: turn.paths[turn.current]?.tokens.length ?? 0 };
}
