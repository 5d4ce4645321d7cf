import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { type Conversation, currentBranch, type Mode } from './conversation.ts';
import type { Distribution } from './distribution.ts';
import type { FieldTexts, Parameter } from './parameters.ts';
import type { Timing } from './timing.ts';

/** An error message, and the place on the page where it is shown. */
export interface Problem {
  /**
   * A request field (`prompt`, `messages`, `model`, a parameter) or a part of the page; null shows it below the
   * buttons.
   */
  field: string | null;
  message: string;
}

/** The token whose alternatives the reader looks at. */
export interface Selection {
  /** Index of the turn. */
  turn: number;
  /** Index of the token in the turn's current branch. */
  token: number;
  /** null until the API has answered. */
  distribution: Distribution | null;
}

export interface PlaygroundState {
  models: readonly WireModel[];
  modelId: string;
  /**
   * Ids of the models that have answered this page: they are loaded, even if the listing came from another isolate that
   * says otherwise.
   */
  answered: readonly string[];
  parameters: readonly Parameter[];
  fields: FieldTexts;
  mode: Mode;
  conversations: Readonly<Record<Mode, Conversation>>;
  /** Number of tokens in the draft; null until the model has counted them. */
  draftTokens: number | null;
  isRunning: boolean;
  /** What a screen reader announces: the progress that others see. */
  announcement: string;
  /** Of the last generation. */
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

/** A completion may have an empty prompt: the model then begins a text of its own. */
export const canGenerate = (state: PlaygroundState): boolean =>
  modelOf(state) !== undefined && (state.mode === 'completion' || conversationOf(state).draft.trim() !== '');

/** Whether the last answer can be continued: it has neither ended nor filled the context window. */
export function canContinue(state: PlaygroundState): boolean {
  const turn = conversationOf(state).turns.at(-1);
  if (!turn?.promptIds) return false;
  const { prompt, answer } = contextUse(state);
  const last = currentBranch(turn).tokens.at(-1);
  return last !== undefined && !endIdsOf(state).includes(last.id) && prompt + answer < (modelOf(state)?.context_window ?? 0);
}

/** How many tokens of the context window the prompt and the answer take up. */
export function contextUse(state: PlaygroundState): { prompt: number; answer: number } {
  const turn = conversationOf(state).turns.at(-1);
  if (!turn) return { prompt: state.mode === 'completion' ? (state.draftTokens ?? 0) : 0, answer: 0 };
  return { prompt: turn.promptIds?.length ?? 0, answer: currentBranch(turn).tokens.length };
}
