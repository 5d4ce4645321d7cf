import { requestJson } from '../client/request.ts';
import { forgetAnswer, resumeTokens, type StreamListener, streamTokens, type TokenBatch } from '../client/stream-tokens.ts';
import { addBranch, appendBatch, currentBranch, newTurn, type Turn } from './conversation.ts';
import { loadVerdicts } from './decisions.ts';
import { type Alternative, loadDistribution } from './distribution.ts';
import { PlaygroundChoices } from './playground-choices.ts';
import { conversationOf, INITIAL_STATE, modelOf, type PlaygroundState } from './playground-state.ts';
import { continuationOf, requestFor, systemMessages } from './requests.ts';
import { TokenTimer } from './timing.ts';

/** What most components are given: the playground to act on, and its state at the time of drawing. */
export interface ViewProps {
  playground: Playground;
  state: PlaygroundState;
}

/**
 * Everything that the page does, apart from how it looks: it holds the state, and changes it when the reader or the API
 * gives it a reason. What is here asks the API for something.
 */
export class Playground extends PlaygroundChoices {
  /** Aborts the stream of the latest generation. */
  #generationAbort = new AbortController();
  /** Aborts the request for the selected token's distribution. */
  #distributionAbort = new AbortController();
  /** Aborts the request that counts the draft's tokens. */
  #countAbort = new AbortController();

  /** Sends the draft. A completion replaces the one before; a chat gets one more turn. */
  async generate(): Promise<void> {
    const { mode } = this.state;
    if (mode === 'decide') return this.#decide();
    const { draft, turns: all } = conversationOf(this.state);
    const turns = mode === 'chat' ? all : [];
    const body = this.#requestOf(turns, draft);
    if (!body) return;
    const seed = (body.seed as number | undefined) ?? randomSeed();
    this.changeConversation(() => ({
      draft: mode === 'chat' ? '' : draft,
      turns: [...turns, newTurn(draft, seed, body.response_format as object | undefined)],
    }));
    const hasTokens = await this.#stream(turns.length, { ...body, seed });
    // If the request is refused, the conversation stays as it was, and the reader can correct the draft.
    if (!hasTokens) this.changeConversation((now) => ({ draft: now.draft === '' ? draft : now.draft, turns: all }), mode);
  }

  /**
   * Chooses another token in place of one that was drawn, and continues from there in a new branch. Later turns are
   * dropped.
   */
  async chooseAlternative(turnIndex: number, position: number, alternative: Alternative): Promise<void> {
    this.stop();
    this.changeConversation(({ draft, turns }) => ({
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
    this.changeTurn(turnIndex, (turn) => ({ ...turn, current }));
    this.set({ selection: null, problem: null, announcement: '' });
  }

  override stop(): void {
    this.#generationAbort.abort();
    const { turns } = conversationOf(this.state);
    const stored = turns.at(-1)?.stored;
    if (!stored) return;
    this.changeTurn(turns.length - 1, (turn) => ({ ...turn, stored: undefined }));
    // The server would make it to its end.
    void forgetAnswer(stored);
  }

  /** Goes on reading the answer that was being written when the page was left. */
  async resume(): Promise<void> {
    const { turns } = conversationOf(this.state);
    const stored = turns.at(-1)?.stored;
    if (stored) await this.#read(turns.length - 1, (...how) => resumeTokens(stored, ...how));
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
      const answer = turn.format && { format: turn.format, tokens: position };
      const distribution = await loadDistribution(model, ids, tokens[position], { signal, answer });
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
    this.markAnswered(model);
  }

  /** Whether there is a request to send or to show; if not, the page says why. */
  canRequest(): boolean {
    return this.#requestOf([], '') !== undefined;
  }

  /** Asks the questions about the draft. */
  async #decide(): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#generationAbort = abort;
    this.set({ isRunning: true, problem: null, verdicts: null, announcement: 'Deciding.' });
    try {
      const verdicts = await loadVerdicts(this.state, conversationOf(this.state).draft, abort.signal);
      if (!abort.signal.aborted) this.set({ verdicts, announcement: 'Decided.' });
      this.markAnswered(this.state.modelId);
    } catch (error) {
      if (this.#generationAbort === abort) this.fail(error);
    } finally {
      if (this.#generationAbort === abort) this.set({ isRunning: false });
    }
  }

  /** The request for a text; undefined if its schema or tools cannot be read, which the page then says. */
  #requestOf(turns: readonly Turn[], text: string): Record<string, unknown> | undefined {
    try {
      return requestFor(this.state, turns, text);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** Streams the tokens of an answer into a turn. @returns whether any came */
  #stream(turnIndex: number, body: Record<string, unknown>): Promise<boolean> {
    this.stop();
    const wanted = this.state.storesAnswers ? { ...body, store: true } : body;
    return this.#read(turnIndex, (...how) => streamTokens(wanted, ...how));
  }

  async #read(turnIndex: number, tokens: (signal: AbortSignal, listener: StreamListener) => AsyncGenerator<TokenBatch>): Promise<boolean> {
    const abort = new AbortController();
    this.#generationAbort = abort;
    const timer = new TokenTimer();
    this.set({ isRunning: true, problem: null, selection: null, announcement: 'Generating.', timing: INITIAL_STATE.timing });
    try {
      const onServed = (line: string) => {
        timer.served = line;
      };
      for await (const batch of tokens(abort.signal, { onLost: () => this.set({ isServerGone: true }), onServed })) {
        abort.signal.throwIfAborted();
        if (this.state.isServerGone) this.set({ isServerGone: false });
        this.changeTurn(turnIndex, (turn) => appendBatch(turn, batch));
        timer.add(batch.tokens.length);
      }
      this.markAnswered(this.state.modelId);
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
}

/** Short enough for a reader to type again. */
const randomSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000;
