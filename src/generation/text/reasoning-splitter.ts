import type { ThinkTags } from '../../core/folder/manifest.ts';

/** A part of an answer: what the model thinks, and what it says. */
export interface SplitText {
  readonly reasoning: string;
  readonly content: string;
}

/**
 * Splits what a model thinks off its answer, which comes in pieces. Thinking stands at the beginning, between two tags;
 * neither the tags nor the line breaks beside them are part of either text. What may become a tag is held back until
 * that is decided, so that all pieces together are the same however the text was cut. An answer that does not begin
 * with thinking is content from the start.
 */
export class ReasoningSplitter {
  readonly #tags: ThinkTags;
  #state: 'start' | 'thinking' | 'after' | 'content';
  #held = '';
  /** Whether something was thought, so that line breaks no longer stand at the beginning. */
  #hasReasoning = false;

  /** @param isThinking whether the prompt ends within the tags, so that the answer does not begin with the first */
  constructor(tags: ThinkTags, isThinking: boolean) {
    this.#tags = tags;
    this.#state = isThinking ? 'thinking' : 'start';
  }

  /** Takes the next piece of the answer. */
  push(text: string): SplitText {
    this.#held += text;
    if (this.#state === 'start') this.#begin();
    const reasoning = this.#state === 'thinking' ? this.#takeReasoning() : '';
    if (this.#state === 'after') {
      this.#held = this.#held.replace(/^\n+/, '');
      if (this.#held !== '') this.#state = 'content';
    }
    return { reasoning, content: this.#state === 'content' ? this.#takeAll() : '' };
  }

  /** What was held back, when no more text comes. */
  end(): SplitText {
    const isReasoning = this.#state === 'thinking';
    const rest = this.#takeAll();
    return { reasoning: isReasoning ? rest : '', content: isReasoning ? '' : rest };
  }

  #begin(): void {
    const begun = this.#held.trimStart();
    if (begun.startsWith(this.#tags.start)) {
      this.#held = begun.slice(this.#tags.start.length);
      this.#state = 'thinking';
    } else if (!this.#tags.start.startsWith(begun)) this.#state = 'content';
  }

  #takeReasoning(): string {
    if (!this.#hasReasoning) this.#held = this.#held.replace(/^\n+/, '');
    const end = this.#held.indexOf(this.#tags.end);
    const reasoning = end === -1 ? this.#held.slice(0, this.#held.length - this.#possibleEnd()) : withoutBreaks(this.#held.slice(0, end));
    this.#held = end === -1 ? this.#held.slice(reasoning.length) : this.#held.slice(end + this.#tags.end.length);
    if (end !== -1) this.#state = 'after';
    if (reasoning !== '') this.#hasReasoning = true;
    return reasoning;
  }

  /** Length of the longest end of what is held that may be line breaks and the beginning of the second tag. */
  #possibleEnd(): number {
    const { end } = this.#tags;
    let length = Math.min(end.length - 1, this.#held.length);
    while (length > 0 && !end.startsWith(this.#held.slice(-length))) length--;
    const before = this.#held.slice(0, this.#held.length - length);
    return length + before.length - withoutBreaks(before).length;
  }

  #takeAll(): string {
    const all = this.#held;
    this.#held = '';
    return all;
  }
}

/** A text without the line breaks at its end. */
function withoutBreaks(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\n') end--;
  return text.slice(0, end);
}
