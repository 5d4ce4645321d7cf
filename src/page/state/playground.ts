import { ApiError, requestJson } from '../client/request.ts';
import { streamTokens } from '../client/stream-tokens.ts';
import { addBranch, appendBatch, type Conversation, currentBranch, type Mode, newTurn, type Turn } from './conversation.ts';
import { type Alternative, loadDistribution } from './distribution.ts';
import { conversationOf, INITIAL_STATE, modelOf, type PlaygroundState } from './playground-state.ts';
import { continuationOf, requestFor } from './requests.ts';
import { TokenTimer } from './timing.ts';

/** What most components are given: the playground to act on, and its state at the time of drawing. */
export interface ViewProps {
  playground: Playground;
  state: PlaygroundState;
}

/**
 * All that the page does, apart from how it looks. The playground holds the state and changes it in answer to the
 * reader and to the API. Each change replaces the state object and calls `onChange`, which draws the page anew.
 */
export class Playground {
  state: PlaygroundState = INITIAL_STATE;
  readonly #onChange: () => void;
  /** Aborts the stream of the latest generation. */
  #generationAbort = new AbortController();
  /** Aborts the request for the selected token's distribution. */
  #distributionAbort = new AbortController();

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
    const { message, param } = error instanceof ApiError ? error : { message: String(error), param: null };
    // The API has a newer name for this field in a chat; the page has one field for both.
    const name = param === 'max_completion_tokens' ? 'max_tokens' : param;
    this.set({ problem: { field: field ?? name, message }, announcement: '' });
  }

  setDraft(draft: string): void {
    this.#changeConversation((conversation) => ({ ...conversation, draft }));
  }

  setMode(mode: Mode): void {
    this.stop();
    this.set({ mode, selection: null, problem: null, announcement: '' });
  }

  /**
   * Switches to another model. This clears both conversations, since a model cannot continue the token ids of another.
   */
  setModel(modelId: string): void {
    this.stop();
    const { completion, chat } = this.state.conversations;
    const conversations = { completion: { ...completion, turns: [] }, chat: { ...chat, turns: [] } };
    this.set({ modelId, conversations, selection: null, problem: null, draftTokens: null });
  }

  setField(name: string, text: string): void {
    const problem = this.state.problem?.field === name ? null : this.state.problem;
    this.set({ fields: { ...this.state.fields, [name]: text }, problem });
  }

  clear(): void {
    this.stop();
    this.#changeConversation((conversation) => ({ ...conversation, turns: [] }));
    this.set({ selection: null, problem: null });
  }

  /** Sends the draft. A completion replaces the one before; a chat gets one more turn. */
  async generate(): Promise<void> {
    const { mode } = this.state;
    const { draft, turns: all } = conversationOf(this.state);
    const turns = mode === 'chat' ? all : [];
    const body = requestFor(this.state, turns, draft);
    const seed = (body.seed as number | undefined) ?? randomSeed();
    this.#changeConversation(() => ({ draft: mode === 'chat' ? '' : draft, turns: [...turns, newTurn(draft, seed)] }));
    const hasTokens = await this.#stream(turns.length, { ...body, seed });
    // A request that was refused leaves the conversation as it was, and the draft to be mended.
    if (!hasTokens) this.#changeConversation((now) => ({ draft: now.draft === '' ? draft : now.draft, turns: all }), mode);
  }

  /**
   * Chooses another token in place of one that was drawn, and continues from there in a new branch. Later turns are
   * dropped.
   */
  async chooseAlternative(turnIndex: number, position: number, alternative: Alternative): Promise<void> {
    this.stop();
    this.#changeConversation(({ draft, turns }) => ({
      draft,
      turns: [...turns.slice(0, turnIndex), addBranch(turns[turnIndex], position, alternative)],
    }));
    this.set({ selection: null, announcement: '' });
    if (!alternative.end_of_sequence) await this.continue();
  }

  /** Continues the last answer from its last token. */
  async continue(): Promise<void> {
    const { turns } = conversationOf(this.state);
    const turn = turns.at(-1);
    if (!turn?.promptIds) return;
    const ids = [...turn.promptIds, ...currentBranch(turn).tokens.map(({ id }) => id)];
    const room = (modelOf(this.state)?.context_window ?? 0) - ids.length;
    if (room <= 0) return this.set({ announcement: 'The context window is full.' });
    await this.#stream(turns.length - 1, continuationOf(this.state, { ids, room, seed: turn.seed }));
  }

  showBranch(turnIndex: number, current: number): void {
    this.stop();
    this.#changeTurn(turnIndex, (turn) => ({ ...turn, current }));
    this.set({ selection: null, problem: null, announcement: '' });
  }

  /** Stops the generation that runs, if there is one. */
  stop(): void {
    this.#generationAbort.abort();
  }

  /** Shows the distribution that a token was drawn from. */
  async select(turnIndex: number, position: number): Promise<void> {
    this.unselect();
    const turn = conversationOf(this.state).turns[turnIndex];
    const model = modelOf(this.state);
    const { tokens } = currentBranch(turn);
    if (!turn.promptIds || !model) return;
    const { signal } = this.#distributionAbort;
    this.set({ selection: { turn: turnIndex, token: position, distribution: null } });
    try {
      const ids = [...turn.promptIds, ...tokens.slice(0, position).map(({ id }) => id)];
      const distribution = await loadDistribution(model, ids, tokens[position], signal);
      if (!signal.aborted) this.set({ selection: { turn: turnIndex, token: position, distribution } });
    } catch (error) {
      if (!signal.aborted) this.fail(error, 'distribution');
    }
  }

  unselect(): void {
    this.#distributionAbort.abort();
    this.#distributionAbort = new AbortController();
    this.set({ selection: null, problem: this.state.problem?.field === 'distribution' ? null : this.state.problem });
  }

  /** Counts the tokens of the draft. The first such request also makes the server load the model. */
  async countDraft(): Promise<void> {
    const { modelId: model } = this.state;
    const { draft } = conversationOf(this.state);
    const { count } = await requestJson<{ count: number }>('/tokenize', { model, prompt: draft });
    if (conversationOf(this.state).draft === draft) this.set({ draftTokens: count });
    this.#markAnswered(model);
  }

  /** Streams the tokens of an answer into a turn. @returns whether any came */
  async #stream(turnIndex: number, body: Record<string, unknown>): Promise<boolean> {
    this.stop();
    const abort = new AbortController();
    this.#generationAbort = abort;
    const timer = new TokenTimer();
    this.set({ isRunning: true, problem: null, selection: null, announcement: 'Generating.', timing: INITIAL_STATE.timing });
    try {
      for await (const batch of streamTokens(body, abort.signal)) {
        abort.signal.throwIfAborted();
        this.#changeTurn(turnIndex, (turn) => appendBatch(turn, batch));
        timer.add(batch.tokens.length);
      }
      this.#markAnswered(this.state.modelId);
    } catch (error) {
      if (this.#generationAbort === abort) this.fail(error);
    } finally {
      // A later generation may have stopped this one; then the page shows that one's end.
      if (this.#generationAbort === abort) this.#finish(timer, abort.signal.aborted);
    }
    return timer.count > 0;
  }

  #finish(timer: TokenTimer, isStopped: boolean): void {
    const turn = conversationOf(this.state).turns.at(-1);
    const end = isStopped ? 'Stopped' : turn && currentBranch(turn).finish === 'stop' ? 'The text ended' : 'Reached the length limit';
    const announcement = this.state.problem ? '' : `${end} after ${timer.count} tokens.`;
    this.set({ isRunning: false, timing: timer.timing(), announcement });
  }

  #markAnswered(model: string): void {
    if (!this.state.answered.includes(model)) this.set({ answered: [...this.state.answered, model] });
  }

  #changeTurn(index: number, change: (turn: Turn) => Turn): void {
    this.#changeConversation(({ draft, turns }) => ({ draft, turns: turns.with(index, change(turns[index])) }));
  }

  #changeConversation(change: (conversation: Conversation) => Conversation, mode = this.state.mode): void {
    const { conversations } = this.state;
    this.set({ conversations: { ...conversations, [mode]: change(conversations[mode]) } });
  }
}

/** Short enough for a reader to type again. */
const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
