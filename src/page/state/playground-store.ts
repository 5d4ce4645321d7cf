import { ApiError, UNREACHABLE } from '../client/request.ts';
import type { Conversation, Turn } from './conversation.ts';
import { conversationOf, INITIAL_STATE, type PlaygroundState } from './playground-state.ts';
import { systemMessages } from './requests.ts';

/**
 * Holds the page's state. Each change replaces the state object and calls `onChange`, which draws the page anew.
 */
export class PlaygroundStore {
  state: PlaygroundState = INITIAL_STATE;
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  set(change: Partial<PlaygroundState>): void {
    this.state = { ...this.state, ...change };
    this.#onChange();
  }

  /** Shows an error at `field`, or else at the request field that the API names. An aborted request is not an error. */
  fail(error: unknown, field: string | null = null): void {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    const { message, param, code } = error instanceof ApiError ? error : new ApiError(String(error));
    if (code === UNREACHABLE) this.set({ isServerGone: true });
    // The API has a newer name for this field in a chat; the page has one field for both.
    const name = param === 'max_completion_tokens' ? 'max_tokens' : param;
    const isOfSystem = code === 'chat_template_error' && refusesSystem(this.state, message);
    const place = code === UNREACHABLE ? UNREACHABLE : isOfSystem ? 'system' : (field ?? name);
    this.set({ problem: { field: place, message }, announcement: '' });
  }

  /**
   * Shows why the draft could not be counted. A server that is gone is no error here: the reader has pressed nothing.
   */
  failCount(error: unknown): void {
    if (error instanceof ApiError && error.code === UNREACHABLE) this.set({ isServerGone: true });
    else this.fail(error);
  }

  /** Takes back what was said while the server was gone. It may be another server, so no model counts as loaded. */
  serverReturned(): void {
    const problem = this.state.problem?.field === UNREACHABLE ? null : this.state.problem;
    this.set({ isServerGone: false, answered: [], modelErrors: {}, problem });
  }

  /** The problem that is shown, unless it is at one of these fields. */
  protected problemExcept(...fields: string[]): PlaygroundState['problem'] {
    const { problem } = this.state;
    return problem && fields.includes(problem.field ?? '') ? null : problem;
  }

  protected markAnswered(model: string): void {
    if (!this.state.answered.includes(model)) this.set({ answered: [...this.state.answered, model] });
  }

  protected changeTurn(index: number, change: (turn: Turn) => Turn): void {
    this.changeConversation(({ draft, turns }) => ({ draft, turns: turns.with(index, change(turns[index])) }));
  }

  protected changeConversation(change: (conversation: Conversation) => Conversation, mode = this.state.mode): void {
    const { conversations } = this.state;
    this.set({ conversations: { ...conversations, [mode]: change(conversations[mode]) } });
  }
}

/**
 * Whether a chat template's refusal is about the system message: it says so, or there is nothing else that it could
 * refuse.
 */
const refusesSystem = (state: PlaygroundState, message: string): boolean =>
  systemMessages(state).length > 0 && (/system/i.test(message) || conversationOf(state).turns.length <= 1);
