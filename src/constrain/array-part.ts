import { CLOSE_ARRAY, CLOSE_EMPTY_ARRAY, COMMA, OPEN_ARRAY } from './punctuation.ts';
import { Frame, type Part, type Reading } from './reading.ts';

/** An array: its first items each have a schema of their own, and all others the same. */
export class ArrayPart implements Part {
  isPossible = false;
  readonly prefix: Part[] = [];
  rest!: Part;
  readonly #min: number;
  readonly #max: number;

  constructor(min: number, max: number) {
    this.#min = min;
    this.#max = max;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return [{ state: OPEN_ARRAY(), frame: new ItemsFrame(this, 0, false, frame) }];
  }

  /** @returns whether it has become possible by what is known of its items now */
  update(): boolean {
    if (this.isPossible || this.#min > this.most) return false;
    this.isPossible = true;
    return true;
  }

  item(index: number): Part {
    return this.prefix[index] ?? this.rest;
  }

  /** The most items that are allowed: those before the first that has no possible value. */
  get most(): number {
    const impossible = [...this.prefix, this.rest].findIndex(({ isPossible }) => !isPossible);
    return impossible < 0 ? this.#max : Math.min(this.#max, impossible);
  }

  mayEnd(count: number): boolean {
    return count >= this.#min;
  }
}

class ItemsFrame extends Frame {
  readonly #part: ArrayPart;
  readonly #count: number;
  /** Whether an item has just ended, so that a comma must come before the next one. */
  readonly #isAfterItem: boolean;
  readonly #outer: Frame | null;

  constructor(part: ArrayPart, count: number, isAfterItem: boolean, outer: Frame | null) {
    super();
    this.#part = part;
    this.#count = count;
    this.#isAfterItem = isAfterItem;
    this.#outer = outer;
  }

  protected follow(): readonly Reading[] {
    const end = this.#count > 0 ? CLOSE_ARRAY() : CLOSE_EMPTY_ARRAY();
    const mayEnd = (this.#isAfterItem || this.#count === 0) && this.#part.mayEnd(this.#count);
    const closed: Reading[] = mayEnd ? [{ state: end, frame: this.#outer }] : [];
    if (this.#count >= this.#part.most) return closed;
    if (this.#isAfterItem) return [...closed, { state: COMMA(), frame: new ItemsFrame(this.#part, this.#count, false, this.#outer) }];
    const next = new ItemsFrame(this.#part, this.#count + 1, true, this.#outer);
    return [...closed, ...this.#part.item(this.#count).enter(next)];
  }
}
