import type { ByteState } from './byte-state.ts';

/**
 * One way to read a text so far: the state of the innermost part that is being read, and what follows once that part
 * has ended. An ambiguous schema has several at a time. Equal readings are one object wherever they come from one frame.
 */
export interface Reading {
  readonly state: ByteState;
  /** null for the outermost part: the text is whole when it ends. */
  readonly frame: Frame | null;
}

/** What comes after a part of a text. */
export abstract class Frame {
  /** Whether it matters in which state the part ended. */
  protected readonly dependsOnState: boolean = false;
  readonly #continued = new Map<ByteState | null, readonly Reading[]>();

  /**
   * How the text can go on after its part ended in `state`. The answer is kept, so that readings that have met stay one.
   */
  after(state: ByteState): readonly Reading[] {
    const key = this.dependsOnState ? state : null;
    let readings = this.#continued.get(key);
    if (!readings) {
      readings = this.follow(state);
      this.#continued.set(key, readings);
    }
    return readings;
  }

  /** Computes what `after` keeps. */
  protected abstract follow(state: ByteState): readonly Reading[];
}

/** A value, or another part of a text, that a schema describes. */
export interface Part {
  /** Whether some finite text is such a part. Parts that have none are never entered. */
  readonly isPossible: boolean;
  /** The readings with which it begins. */
  enter(frame: Frame | null): readonly Reading[];
}

/** A part that an automaton reads to its end. */
export class Leaf implements Part {
  readonly isPossible = true;
  readonly #first: ByteState;

  constructor(first: ByteState) {
    this.#first = first;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return [{ state: this.#first, frame }];
  }
}

/** A part with something before it that an automaton reads. */
export class Preceded implements Part {
  readonly #before: ByteState;
  readonly #part: Part;

  constructor(before: ByteState, part: Part) {
    this.#before = before;
    this.#part = part;
  }

  get isPossible(): boolean {
    return this.#part.isPossible;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return [{ state: this.#before, frame: new BeforeFrame(this.#part, frame) }];
  }
}

/** A part, and then another. */
export class Chain implements Part {
  readonly #first: Part;
  readonly #next: Part;

  constructor(first: Part, next: Part) {
    this.#first = first;
    this.#next = next;
  }

  get isPossible(): boolean {
    return this.#first.isPossible && this.#next.isPossible;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return this.#first.enter(new BeforeFrame(this.#next, frame));
  }
}

/** What comes next is a part, and then what comes after that. */
export class BeforeFrame extends Frame {
  readonly #part: Part;
  readonly #outer: Frame | null;

  constructor(part: Part, outer: Frame | null) {
    super();
    this.#part = part;
    this.#outer = outer;
  }

  protected follow(): readonly Reading[] {
    return this.#part.enter(this.#outer);
  }
}

/** One of several parts. Its options may be added later, so that schemas can contain themselves. */
export class Choice implements Part {
  isPossible = false;
  readonly options: Part[] = [];

  enter(frame: Frame | null): readonly Reading[] {
    return this.options.filter(({ isPossible }) => isPossible).flatMap((option) => option.enter(frame));
  }

  /** @returns whether it has become possible by what is known of its options now */
  update(): boolean {
    if (this.isPossible || !this.options.some(({ isPossible }) => isPossible)) return false;
    this.isPossible = true;
    return true;
  }
}
