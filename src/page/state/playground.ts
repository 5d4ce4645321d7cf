import { ApiError } from '../client/api-error.ts';
import { requestJson } from '../client/request-json.ts';
import { streamTokens, type TokenBatch } from '../client/stream-tokens.ts';
import { type Conversation, type Mode, messagesOf, type Path, pathOf, type Turn } from './conversation.ts';
import { type Alternative, loadDistribution } from './distribution.ts';
import { conversationOf, endIdsOf, INITIAL_STATE, modelOf, type PlaygroundState } from './playground-state.ts';
import { samplingFields } from './sampling-fields.ts';
import type { Token } from './token.ts';

const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;

/** All that the page does, apart from how it looks. Views are given each new state. */
export class Playground {
  state: PlaygroundState = INITIAL_STATE;
  readonly #onChange: () => void;
  #run = new AbortController();
  #look = new AbortController();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  set(change: Partial<PlaygroundState>): void {
    this.state = { ...this.state, ...change };
    this.#onChange();
  }

  /** Shows an error where it belongs; an abort is none. */
  fail(error: unknown, field: string | null = null): void {
    if (error instanceof DOMException && error.name === 'AbortError') return;
    const { message, param } = error instanceof ApiError ? error : { message: String(error), param: null };
    // One field of the page is two in the API: a chat's has a younger name.
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

  /** Another model reads other tokens: nothing that one wrote can be gone on with by another. */
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

  /** How long an answer may become if the reader does not say: a story's length, and no more than half of the window. */
  defaultLength(): number {
    return Math.min(240, Math.floor((modelOf(this.state)?.context_window ?? 480) / 2));
  }

  /** The request for what is typed, as it is sent and as a program would send it. */
  requestFor(turns: readonly Turn[], text: string): Record<string, unknown> {
    const { mode, modelId: model, fields, parameters } = this.state;
    const common = { model, max_tokens: this.defaultLength(), ...samplingFields(fields, parameters) };
    if (mode === 'completion') return { prompt: text, ...common };
    return { messages: [...messagesOf(turns, endIdsOf(this.state)), { role: 'user', content: text }], ...common };
  }

  /** Sends what is typed: a completion begins anew, a chat goes on. */
  async generate(): Promise<void> {
    const { mode } = this.state;
    const { draft, turns: all } = conversationOf(this.state);
    const turns = mode === 'chat' ? all : [];
    const body = this.requestFor(turns, draft);
    const seed = (body.seed as number | undefined) ?? randomSeed();
    const turn: Turn = { text: draft, promptIds: null, seed, paths: [{ tokens: [], finish: null, taken: [] }], current: 0 };
    this.#changeConversation(() => ({ draft: mode === 'chat' ? '' : draft, turns: [...turns, turn] }));
    const hasCome = await this.#follow(turns.length, { ...body, seed });
    // What was refused is as if it had never been sent.
    if (!hasCome) this.#changeConversation((now) => ({ draft: now.draft === '' ? draft : now.draft, turns: all }), mode);
  }

  /** Takes another token in place of one that was drawn, and goes on from there. */
  async take(turnIndex: number, position: number, { id, token, logprob, end_of_sequence }: Alternative): Promise<void> {
    this.stop();
    const turn = conversationOf(this.state).turns[turnIndex];
    const { tokens, taken } = pathOf(turn);
    const kept = [...tokens.slice(0, position), { id, label: token, logprob }];
    const finish = end_of_sequence ? ('stop' as const) : null;
    const path: Path = { tokens: kept, finish, taken: [...taken.filter((index) => index < position), position] };
    this.#changeConversation(({ draft, turns }) => ({
      draft,
      turns: [...turns.slice(0, turnIndex), { ...turn, paths: [...turn.paths, path], current: turn.paths.length }],
    }));
    this.set({ selection: null, announcement: '' });
    if (!end_of_sequence) await this.goOn();
  }

  /** Goes on from the last token, by ids: exactly there, whatever the text would be cut into. */
  async goOn(): Promise<void> {
    const { turns } = conversationOf(this.state);
    const turn = turns.at(-1);
    const { fields, parameters, modelId: model } = this.state;
    if (!turn?.promptIds) return;
    const prompt = [...turn.promptIds, ...pathOf(turn).tokens.map(({ id }) => id)];
    const left = (modelOf(this.state)?.context_window ?? 0) - prompt.length;
    if (left <= 0) return this.set({ announcement: 'The context window is full.' });
    const common = { max_tokens: this.defaultLength(), ...samplingFields(fields, parameters) };
    const length = typeof common.max_tokens === 'number' ? Math.min(common.max_tokens, left) : common.max_tokens;
    await this.#follow(turns.length - 1, { model, prompt, ...common, max_tokens: length, seed: turn.seed });
  }

  showPath(turnIndex: number, current: number): void {
    this.stop();
    this.#changeTurn(turnIndex, (turn) => ({ ...turn, current }));
    this.set({ selection: null, problem: null, announcement: '' });
  }

  stop(): void {
    this.#run.abort();
  }

  /** Shows what a token was drawn from. */
  async select(turn: number, token: number): Promise<void> {
    this.unselect();
    const { promptIds, ...rest } = conversationOf(this.state).turns[turn];
    const model = modelOf(this.state);
    const { tokens } = rest.paths[rest.current];
    if (!promptIds || !model) return;
    const { signal } = this.#look;
    this.set({ selection: { turn, token, distribution: null } });
    try {
      const ids = [...promptIds, ...tokens.slice(0, token).map(({ id }) => id)];
      const distribution = await loadDistribution(model, ids, tokens[token], signal);
      if (!signal.aborted) this.set({ selection: { turn, token, distribution } });
    } catch (error) {
      if (!signal.aborted) this.fail(error, 'distribution');
    }
  }

  unselect(): void {
    this.#look.abort();
    this.#look = new AbortController();
    this.set({ selection: null, problem: this.state.problem?.field === 'distribution' ? null : this.state.problem });
  }

  /** Counts the tokens of what is typed; the first time that loads the model, too. */
  async countDraft(): Promise<void> {
    const { modelId: model } = this.state;
    const { draft } = conversationOf(this.state);
    const { count } = await requestJson<{ count: number }>('/tokenize', { model, prompt: draft });
    if (conversationOf(this.state).draft === draft) this.set({ draftTokens: count });
    this.#hasAnswered(model);
  }

  /** Streams into a turn until the end; false where nothing came. */
  async #follow(turnIndex: number, body: Record<string, unknown>): Promise<boolean> {
    this.stop();
    const run = new AbortController();
    this.#run = run;
    const start = performance.now();
    let first: number | null = null;
    let count = 0;
    this.set({ isRunning: true, problem: null, selection: null, announcement: 'Generating.', timing: INITIAL_STATE.timing });
    try {
      for await (const batch of streamTokens(body, run.signal)) {
        run.signal.throwIfAborted();
        this.#append(turnIndex, batch);
        count += batch.tokens.length;
        if (count > 0) first ??= performance.now();
      }
      this.#hasAnswered(this.state.modelId);
    } catch (error) {
      if (this.#run === run) this.fail(error);
    } finally {
      if (this.#run === run) this.#finish({ start, first, count, isStopped: run.signal.aborted });
    }
    return count > 0;
  }

  #finish({ start, first, count, isStopped }: { start: number; first: number | null; count: number; isStopped: boolean }): void {
    const seconds = first === null ? 0 : (performance.now() - first) / 1000;
    const turn = conversationOf(this.state).turns.at(-1);
    const end = isStopped ? 'Stopped' : turn && pathOf(turn).finish === 'stop' ? 'The text has ended' : 'Its length is reached';
    this.set({
      isRunning: false,
      timing: {
        firstTokenMs: first === null ? null : first - start,
        tokensPerSecond: count > 1 && seconds > 0 ? (count - 1) / seconds : null,
      },
      announcement: this.state.problem ? '' : `${end} after ${count} tokens.`,
    });
  }

  #append(turnIndex: number, { promptIds, tokens, finish }: TokenBatch): void {
    this.#changeTurn(turnIndex, (turn) => {
      const path = pathOf(turn);
      const added: readonly Token[] = tokens.length === 0 ? path.tokens : [...path.tokens, ...tokens];
      const paths = turn.paths.with(turn.current, { ...path, tokens: added, finish: finish ?? path.finish });
      // When a text goes on, what the request names as its prompt holds the answer's beginning.
      return { ...turn, paths, promptIds: turn.promptIds ?? promptIds ?? null };
    });
  }

  #hasAnswered(model: string): void {
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
