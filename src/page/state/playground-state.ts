import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { type Conversation, currentBranch, type Mode } from './conversation.ts';
import { type Question, STANDARD_QUESTIONS, type Verdict } from './decisions.ts';
import type { Distribution } from './distribution.ts';
import type { FieldTexts, Parameter } from './parameters.ts';
import type { Timing } from './timing.ts';

/** An error message, and the place on the page where it is shown. */
export interface Problem {
  /**
   * A request field (`prompt`, `messages`, `model`, a parameter) or a part of the page. One without a place of its own
   * is shown below the buttons.
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
  /** Why a model cannot run, by its id: what the server said when it was to be loaded. */
  modelErrors: Readonly<Record<string, string>>;
  /** Whether the server keeps answers, so that the page can go on with one. */
  storesAnswers: boolean;
  /** Whether the server does not answer at the moment. */
  isServerGone: boolean;
  parameters: readonly Parameter[];
  fields: FieldTexts;
  mode: Mode;
  conversations: Readonly<Record<Mode, Conversation>>;
  /** The system message of the chat; none if it is blank. */
  system: string;
  /** A JSON Schema that the chat's answers must satisfy; none if it is blank. */
  schema: string;
  /** The tools that a chat's answers may call, as a JSON array of functions; none if it is blank. */
  tools: string;
  /** What is asked about the text of the decisions. */
  questions: readonly Question[];
  /** Whether the answers' prior is divided out. */
  calibrates: boolean;
  /** The answers to the questions as they were asked; null while there are none. */
  verdicts: readonly Verdict[] | null;
  /** Number of tokens in the draft; null until the model has counted them. */
  draftTokens: number | null;
  isRunning: boolean;
  /** The link that the page was opened with, or that was made of it last: the URL's fragment without `#`. */
  fragment: string;
  /** What a screen reader announces: the progress that others see. */
  announcement: string;
  /** Of the last generation. */
  timing: Timing;
  selection: Selection | null;
  problem: Problem | null;
}

export const INITIAL_STATE: PlaygroundState = {
  models: [],
  modelId: '',
  answered: [],
  modelErrors: {},
  storesAnswers: false,
  isServerGone: false,
  parameters: [],
  fields: {},
  mode: 'completion',
  conversations: { completion: { draft: '', turns: [] }, chat: { draft: '', turns: [] }, decide: { draft: '', turns: [] } },
  system: '',
  schema: '',
  tools: '',
  questions: STANDARD_QUESTIONS,
  calibrates: false,
  verdicts: null,
  draftTokens: null,
  isRunning: false,
  fragment: '',
  announcement: '',
  timing: { firstTokenMs: null, tokensPerSecond: null, served: '' },
  selection: null,
  problem: null,
};

export const conversationOf = (state: PlaygroundState): Conversation => state.conversations[state.mode];
export const modelOf = (state: PlaygroundState): WireModel | undefined => state.models.find(({ id }) => id === state.modelId);
export const endIdsOf = (state: PlaygroundState): readonly number[] => modelOf(state)?.eos_token_ids ?? [];

/** Why the chosen model cannot run; undefined as far as it can. */
export const modelErrorOf = (state: PlaygroundState): string | undefined => state.modelErrors[state.modelId];

/** Whether the chosen model has a chat template. */
export const canChat = (state: PlaygroundState): boolean => modelOf(state)?.chat_template ?? true;

/** A completion may have an empty prompt: the model then begins a text of its own. A decision needs a question. */
export const canGenerate = (state: PlaygroundState): boolean =>
  modelOf(state) !== undefined &&
  modelErrorOf(state) === undefined &&
  (state.mode === 'completion' || conversationOf(state).draft.trim() !== '') &&
  (state.mode !== 'decide' || state.questions.some(({ ask }) => ask.trim() !== ''));

/** Whether the last answer can be continued: it has neither ended nor filled the context window, and has no form. */
export function canContinue(state: PlaygroundState): boolean {
  const turn = conversationOf(state).turns.at(-1);
  if (!turn?.promptIds || turn.format) return false;
  const { prompt, answer } = contextUse(state);
  const last = currentBranch(turn).tokens.at(-1);
  return last !== undefined && !endIdsOf(state).includes(last.id) && prompt + answer < (modelOf(state)?.context_window ?? 0);
}

/** How many tokens of the context window the prompt and the answer take up. */
export function contextUse(state: PlaygroundState): { prompt: number; answer: number } {
  const turn = conversationOf(state).turns.at(-1);
  if (!turn) return { prompt: state.mode !== 'chat' ? (state.draftTokens ?? 0) : 0, answer: 0 };
  return { prompt: turn.promptIds?.length ?? 0, answer: currentBranch(turn).tokens.length };
}
