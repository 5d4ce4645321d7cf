import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { ApiError, requestJson, UNREACHABLE } from '../client/request.ts';
import { streamTokens } from '../client/stream-tokens.ts';
import { addBranch, appendBatch, type Conversation, currentBranch, type Mode, newTurn, type Turn } from './conversation.ts';
import { type Alternative, loadDistribution } from './distribution.ts';
import { examplesOf } from './model-use.ts';
import { canChat, conversationOf, INITIAL_STATE, modelOf, type PlaygroundState } from './playground-state.ts';
import { continuationOf, requestFor, systemMessages } from './requests.ts';
import { TokenTimer } from './timing.ts';

/** What most components are given: the playground to act on, and its state at the time of drawing. */
export interface ViewProps {
  playground: Playground;
  state: PlaygroundState;
}

/**
 * Everything that the page does, apart from how it looks. The playground holds the state, and changes it when the
 * reader or the API gives it a reason. Each change replaces the state object and calls `onChange`, which draws the page
 * anew.
 */
export class Playground {
  state: PlaygroundState = INITIAL_STATE;
  readonly #onChange: () => void;
  /** Aborts the stream of the latest generation. */
  #generationAbort = new AbortController();
  /** Aborts the request for the selected token's distribution. */
  #distributionAbort = new AbortController();
  /** Aborts the request that counts the draft's tokens. */
  #countAbort = new AbortController();

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

  /** Takes the list of served models. The chosen one stays chosen if it is among them. */
  setModels(models: readonly WireModel[]): void {
    const { modelId, problem } = this.state;
    const before = modelOf(this.state);
    this.set({ models, problem: problem?.field === 'model' ? null : problem });
    if (!models.some(({ id }) => id === modelId)) this.set({ modelId: models[0].id });
    this.#offerExample(before);
    this.fitMode();
  }

  /** Notes why a model cannot run; null if nothing is known against it. */
  setModelError(modelId: string, message: string | null): void {
    const { [modelId]: _, ...others } = this.state.modelErrors;
    this.set({ modelErrors: message === null ? others : { ...others, [modelId]: message } });
  }

  /** Leaves the chat if the model has no chat template. */
  fitMode(): void {
    if (this.state.mode === 'chat' && !canChat(this.state)) this.setMode('completion');
  }

  setSystem(system: string): void {
    this.set({ system, problem: this.#problemExcept('system') });
  }

  setDraft(draft: string): void {
    this.#changeConversation((conversation) => ({ ...conversation, draft }));
    this.set({ problem: this.#problemExcept('prompt', 'messages') });
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
    const before = modelOf(this.state);
    this.set({ modelId, conversations, selection: null, problem: null, draftTokens: null });
    this.#offerExample(before);
    this.fitMode();
  }

  /** Puts the model's first example where nothing was typed, or only an example of the model before it stands. */
  #offerExample(before: WireModel | undefined): void {
    for (const mode of ['completion', 'chat'] as const) {
      const { draft } = this.state.conversations[mode];
      if (before ? !examplesOf(before, mode).includes(draft) : draft !== '') continue;
      const examples = examplesOf(modelOf(this.state), mode);
      if (!examples.includes(draft)) this.#changeConversation(({ turns }) => ({ draft: examples[0], turns }), mode);
    }
  }

  setField(name: string, text: string): void {
    this.set({ fields: { ...this.state.fields, [name]: text }, problem: this.#problemExcept(name) });
  }

  /** The problem that is shown, unless it is at one of these fields. */
  #problemExcept(...fields: string[]): PlaygroundState['problem'] {
    const { problem } = this.state;
    return problem && fields.includes(problem.field ?? '') ? null : problem;
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
    // If the request is refused, the conversation stays as it was, and the reader can correct the draft.
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

  /**
   * Counts the tokens of the draft, and of the system message that a chat begins with. The first such request also
   * makes the server load the model.
   */
  async countDraft(): Promise<void> {
    this.#countAbort.abort();
    const abort = new AbortController();
    this.#countAbort = abort;
    const { modelId: model, mode } = this.state;
    const { draft, turns } = conversationOf(this.state);
    const opening = mode === 'chat' && turns.length === 0 ? systemMessages(this.state) : [];
    const prompt = [...opening.map(({ content }) => content), draft].join('\n');
    const { count } = await requestJson<{ count: number }>('/tokenize', { model, prompt }, abort.signal);
    if (!abort.signal.aborted) this.set({ draftTokens: count });
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
      // A later generation may have stopped this one. The page then shows the end of the later one.
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

/**
 * Whether a chat template's refusal is about the system message: it says so, or there is nothing else that it could
 * refuse.
 */
const refusesSystem = (state: PlaygroundState, message: string): boolean =>
  systemMessages(state).length > 0 && (/system/i.test(message) || conversationOf(state).turns.length <= 1);

/** Short enough for a reader to type again. */
const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
