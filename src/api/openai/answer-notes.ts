import { CHOICE_BEGINNING, type ChoicePast, type ChoicePosition, type ChosenToken } from '../../generation/choice-past.ts';
import type { CompletionPast } from '../../generation/complete.ts';
import type { JobFigures } from '../../generation/scheduler/job.ts';

/** What all of an answer depends on beside its request. */
export interface AnswerHead {
  readonly id: string;
  /** In seconds since the epoch. */
  readonly created: number;
  readonly seed: number;
  /** The model's. With another, the text would not go on as it began. */
  readonly fingerprint: string;
  /** The model's version, with which the answer goes on, although another may have become current. */
  readonly version?: string;
}

/** What an answer has got since the note before: all notes together are what it takes to go on elsewhere. */
export interface AnswerNote {
  head?: AnswerHead;
  /** The tokens of a choice that follow those of earlier notes. One without a score is its id. */
  tokens?: [choice: number, tokens: (number | ChosenToken)[]][];
  /** What the client has of a choice. */
  positions?: [choice: number, position: ChoicePosition][];
  /** Whether the client has the usage. */
  usage?: true;
  /** Whether the client has what comes behind all chunks. */
  end?: true;
  figures?: Partial<JobFigures>;
  slices?: number;
  /** The stored answer from which to go on. Nothing else is needed then. */
  session?: SessionNote;
}

/** Which stored answer it is, what the client has of it, and whether it gets events or the whole. */
export interface SessionNote {
  readonly id: string;
  readonly cursor?: string;
  readonly isStreamed: boolean;
}

/** What a client has got: a part of a choice, or with null the usage. */
export interface Reached {
  readonly choice: number | null;
  readonly position: ChoicePosition;
}

/** An answer that was begun elsewhere. */
export interface AnswerPast {
  readonly head: AnswerHead;
  /** The known tokens of each choice, and what the client has of it. */
  readonly tokens: readonly (readonly ChosenToken[])[];
  readonly positions: readonly ChoicePosition[];
  readonly hasUsage: boolean;
  readonly hasEnd: boolean;
  readonly figures: Partial<JobFigures>;
  readonly slices: number;
}

/** Tokens that are noted together, if nothing else is sent to the client meanwhile. */
const MANY_TOKENS = 16;

/** Takes notes while an answer is made, and knows those of its past. */
export class AnswerNotes {
  readonly past: AnswerPast | undefined;
  /** Whether the answer is stored while it is made, event by event, and the id under which it is. */
  isStored = false;
  session: string | undefined;
  /** Whether the client of a stored answer gets it as a whole. */
  isWhole = false;
  /** Whether all of the answer is made again where it goes on, and not only what its client does not have. */
  repeats = false;
  /** Whether the client does not have what was made last. */
  isNews = true;
  /** What the client has got last. */
  reached: Reached = { choice: null, position: CHOICE_BEGINNING };
  /** What the answer has cost so far, once that is known. */
  figures: Readonly<JobFigures> | undefined;
  /** Into how many slices it was cut so far. */
  slices = 1;
  readonly #held: ChosenToken[][] = [];
  /** How many tokens of each choice earlier notes have, of those that are still to come. */
  readonly #known: number[];
  #hasHead = false;
  #isStreamed = false;
  #note: AnswerNote = {};
  #tokens = 0;
  #onMany: (() => void) | null = null;

  constructor(past?: AnswerPast) {
    this.past = past;
    this.#known = Array.from(past?.tokens ?? [], (tokens) => tokens?.length ?? 0);
    this.slices = (past?.slices ?? 0) + 1;
  }

  /** @param options.isStreamed whether the client gets each part of the answer when it is there */
  begin(head: AnswerHead, options: { isStreamed: boolean }): void {
    this.#isStreamed = options.isStreamed;
    if (this.past === undefined && !this.#hasHead) this.#note.head = head;
    this.#hasHead = true;
  }

  /** Tokens of a choice of which the client gets nothing yet: they count as the next ones that are added. */
  holdTokens(choice: number, tokens: readonly ChosenToken[]): void {
    this.#held[choice] = [...(this.#held[choice] ?? []), ...tokens];
  }

  /** The next tokens of a choice. Scores are kept unless the client has them, and nothing is made of them again. */
  addTokens(choice: number, next: readonly ChosenToken[]): void {
    const tokens = this.#unknown(choice, [...(this.#held[choice] ?? []), ...next]);
    this.#held[choice] = [];
    if (tokens.length === 0) return;
    const isKept = !this.#isStreamed || this.repeats;
    const kept = tokens.map(({ id, logprob, top }) => (!isKept || logprob === undefined ? id : { id, logprob, top }));
    this.#note.tokens ??= [];
    this.#note.tokens.push([choice, kept]);
    this.#tokens += tokens.length;
    if (this.#tokens >= MANY_TOKENS && !this.#isStreamed) this.#onMany?.();
  }

  /** Whether the client has got a part of a choice before. An answer is made from its first token on, wherever it goes on. */
  has(choice: number, position: ChoicePosition): boolean {
    return position <= (this.past?.positions[choice] ?? CHOICE_BEGINNING);
  }

  /** Tokens without those that earlier notes have. */
  #unknown(choice: number, tokens: readonly ChosenToken[]): readonly ChosenToken[] {
    const skipped = Math.min(this.#known[choice] ?? 0, tokens.length);
    this.#known[choice] -= skipped;
    return tokens.slice(skipped);
  }

  /** The client has got something of a choice. */
  reach(choice: number, position: ChoicePosition): void {
    this.reached = { choice, position };
    this.#note.positions ??= [];
    const { positions } = this.#note;
    const known = positions.findIndex(([other]) => other === choice);
    if (known === -1) positions.push([choice, position]);
    else positions[known] = [choice, position];
  }

  reachUsage(): void {
    this.reached = { choice: null, position: CHOICE_BEGINNING };
    this.#note.usage = true;
  }

  reachEnd(): void {
    this.#note.end = true;
  }

  /**
   * Calls back when much was noted that nobody has taken. In a stream, it is taken with what the client gets.
   * @param onMany null ends that
   */
  watch(onMany: (() => void) | null): void {
    this.#onMany = onMany;
    if (this.#tokens >= MANY_TOKENS && !this.#isStreamed) onMany?.();
  }

  /** What was noted since it was taken last, and goes to the client now. */
  take(): AnswerNote {
    const note = this.#note.head ? { ...this.#note, figures: { ...this.figures } } : this.#note;
    this.#note = {};
    this.#tokens = 0;
    return note;
  }

  /** What may be taken while nothing goes to the client: in a stream, only what the answer has cost. */
  takeAside(): AnswerNote {
    if (this.session) return this.isWhole ? { session: { id: this.session, isStreamed: false } } : {};
    return { ...(this.#isStreamed ? {} : this.take()), figures: { ...this.figures }, slices: this.slices };
  }
}

/** What all notes of an answer say; undefined if it had not begun. */
export function joinNotes(notes: readonly AnswerNote[]): AnswerPast | undefined {
  const head = notes.find((note) => note.head)?.head;
  if (head === undefined) return undefined;
  const tokens: ChosenToken[][] = [];
  const positions: ChoicePosition[] = [];
  for (const note of notes) {
    for (const [choice, more] of note.tokens ?? []) {
      tokens[choice] ??= [];
      for (const token of more) tokens[choice].push(typeof token === 'number' ? { id: token } : token);
    }
    for (const [choice, position] of note.positions ?? []) positions[choice] = position;
  }
  const figures = notes.findLast((note) => note.figures)?.figures ?? {};
  return {
    head,
    tokens,
    positions,
    hasUsage: notes.some(({ usage }) => usage),
    hasEnd: notes.some(({ end }) => end),
    figures,
    slices: notes.findLast((note) => note.slices)?.slices ?? 1,
  };
}

/**
 * The past of an answer as that of a completion, whose choices are counted within each prompt. All events are wanted
 * again: what an answer makes of a piece of text may depend on the text before.
 */
export function toCompletionPast({ tokens, figures }: AnswerPast, choicesOfPrompt: number): CompletionPast {
  const count = tokens.length;
  const choices = Array.from(
    { length: count },
    (_, index): ChoicePast => ({
      prompt: Math.floor(index / choicesOfPrompt),
      choice: index % choicesOfPrompt,
      tokens: tokens[index] ?? [],
      position: CHOICE_BEGINNING,
    }),
  );
  return { choices, figures };
}
