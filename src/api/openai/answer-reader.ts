import { ReasoningSplitter, type SplitText } from '../../generation/text/reasoning-splitter.ts';
import { CallParser, type CallPiece } from '../../generation/tools/call-parser.ts';
import { InputReader } from '../../generation/tools/input-reader.ts';
import type { ChoiceEvent } from './choice-chunks.ts';
import type { ChatChunkChoice } from './schemas/chat-schema.ts';
import type { AnswerCalls } from './to-calls.ts';
import type { ChatRequest } from './to-completion-request.ts';

type Delta = ChatChunkChoice['delta'];

/** What an event adds to a choice of a chat. */
interface AnswerParts {
  /** Before the first delta of the choice. */
  readonly opening: Delta | undefined;
  readonly deltas: readonly Delta[];
  /** Why the answer ends, once it does. */
  readonly reason: ChatChunkChoice['finish_reason'];
}

/** Reads the answer of one choice of a chat: text, or calls of tools, or both. */
export class AnswerReader {
  readonly #calls: AnswerCalls | undefined;
  readonly #parser: CallParser | undefined;
  readonly #splitter: ReasoningSplitter | undefined;
  /** How much of the answer's text has been read. */
  #length = 0;
  /** How many calls have begun. */
  #count = 0;
  /** Reads the input of the call that began last, if its tool is a custom one. */
  #input: InputReader | undefined;
  readonly #idOfCall: (call: number) => string;
  readonly #opensAtOnce: boolean;
  #isOpen = false;
  #hasText = false;

  /**
   * @param reportsTokens whether the chunks tell of tokens, so that the first one cannot wait until it is known what they
   *   are
   * @param idOfCall the id of each call of the choice
   */
  constructor({ calls, thinking }: Pick<ChatRequest, 'calls' | 'thinking'>, reportsTokens: boolean, idOfCall: (call: number) => string) {
    this.#idOfCall = idOfCall;
    this.#splitter = thinking && new ReasoningSplitter(thinking.tags, thinking.hasBegun);
    this.#calls = calls;
    this.#opensAtOnce = reportsTokens || calls === undefined;
    this.#parser = calls && new CallParser(calls.syntax, [...calls.kinds.keys()], calls.isForced);
  }

  /** For tokens that have not become part of the answer. */
  get emptyDelta(): Delta {
    return this.#parser ? {} : { content: '' };
  }

  read(event: ChoiceEvent): AnswerParts {
    const { reasoning, content: said } = this.#split(event);
    const pieces = this.#pieces(event, said);
    const deltas = [
      ...(reasoning === '' ? [] : [{ reasoning_content: reasoning }]),
      ...pieces.flatMap((piece) => this.#delta(piece) ?? []),
    ];
    const opens = !this.#isOpen && (deltas.length > 0 || event.finishReason !== undefined || this.#opensAtOnce);
    this.#isOpen ||= opens;
    const content = this.#count > 0 && !this.#hasText ? null : '';
    return {
      opening: opens ? { role: 'assistant', content, refusal: null } : undefined,
      deltas,
      reason: this.#reason(event),
    };
  }

  /** Splits what the model thinks off an event's text. */
  #split({ text, finishReason }: ChoiceEvent): SplitText {
    if (!this.#splitter) return { reasoning: '', content: text };
    const parts = [this.#splitter.push(text), ...(finishReason ? [this.#splitter.end()] : [])];
    return { reasoning: parts.map(({ reasoning }) => reasoning).join(''), content: parts.map(({ content }) => content).join('') };
  }

  /** @param text what of the event's text the model says */
  #pieces(event: ChoiceEvent, text: string): CallPiece[] {
    const { finishReason } = event;
    if (!this.#parser) return text === '' ? [] : [{ type: 'text', text }];
    const markInEvent = this.#markIn(event);
    // What it says is the end of the text.
    const mark = markInEvent === undefined ? undefined : Math.max(0, markInEvent - (event.text.length - text.length));
    const pieces = [...this.#parser.push(text.slice(0, mark)), ...(mark === undefined ? [] : this.#parser.mark())];
    if (mark !== undefined) pieces.push(...this.#parser.push(text.slice(mark)));
    if (finishReason) pieces.push(...this.#parser.end());
    this.#length += event.text.length;
    return pieces;
  }

  /** Where in an event's text calls begin by a special token, which has no text. */
  #markIn({ text, tokens }: ChoiceEvent): number | undefined {
    const marker = this.#calls!.syntax.marker?.[0];
    if (typeof marker !== 'number') return undefined;
    const offset = tokens.find(({ id }) => id === marker)?.offset;
    return offset === undefined ? undefined : Math.min(text.length, Math.max(0, offset - this.#length));
  }

  /** undefined for what of a call is not part of its input. */
  #delta(piece: CallPiece): Delta | undefined {
    if (piece.type === 'text') {
      this.#hasText = true;
      return { content: piece.text };
    }
    if (piece.type === 'arguments') return this.#argumentsDelta(piece.text);
    const { name } = piece;
    const begun = { index: this.#count, id: this.#idOfCall(this.#count) };
    this.#count++;
    const isCustom = this.#calls!.kinds.get(name) === 'custom';
    this.#input = isCustom ? new InputReader() : undefined;
    if (isCustom) return { tool_calls: [{ ...begun, type: 'custom', custom: { name, input: '' } }] };
    return { tool_calls: [{ ...begun, type: 'function', function: { name, arguments: '' } }] };
  }

  #argumentsDelta(text: string): Delta | undefined {
    const index = this.#count - 1;
    if (!this.#input) return { tool_calls: [{ index, function: { arguments: text } }] };
    const input = this.#input.push(text);
    return input === '' ? undefined : { tool_calls: [{ index, custom: { input } }] };
  }

  /** A call that was cut, by a stop string for one, is as incomplete as one that was cut by a limit. */
  #reason({ finishReason }: ChoiceEvent): AnswerParts['reason'] {
    if (finishReason !== 'stop' || this.#count === 0) return finishReason ?? null;
    return this.#parser!.hasWholeCalls ? 'tool_calls' : 'length';
  }
}
