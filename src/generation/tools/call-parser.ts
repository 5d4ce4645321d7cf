import { type CallSyntax, spelledText } from '../../core/call-syntax.ts';

/** What a piece of an answer turns out to be. */
export type CallPiece =
  | { readonly type: 'text'; readonly text: string }
  /** A call begins. */
  | { readonly type: 'call'; readonly name: string }
  /** The next part of the JSON text of the arguments of the call that began last. */
  | { readonly type: 'arguments'; readonly text: string };

/** Where the parser stands in an answer. */
type Place = 'beginning' | 'text' | 'opening' | 'name' | 'arguments' | 'after' | 'only text';

/**
 * Tells calls of functions from other text, in an answer that comes in pieces and was made under the constraint of the
 * same syntax. What may still become the beginning of a call is held back, and so is white space before it. Takes time
 * linear in the answer.
 */
export class CallParser {
  readonly #isForced: boolean;
  readonly #names: readonly string[];
  /** The text of the marker; undefined if it is a special token, which `mark` tells of, or if there is none. */
  readonly #marker: string | undefined;
  readonly #opening: string;
  readonly #middle: string;
  readonly #separator: string | undefined;
  readonly #arguments = new JsonEnd();
  #place: Place;
  #held = '';

  /**
   * @param names of the functions that may be called
   * @param isForced whether the answer has nothing but calls
   */
  constructor({ marker, opening, middle, separator }: CallSyntax, names: readonly string[], isForced = false) {
    this.#isForced = isForced;
    this.#names = [...names].sort((a, b) => b.length - a.length);
    this.#marker = typeof marker?.[0] === 'string' ? marker[0] : undefined;
    this.#opening = spelledText(opening);
    this.#middle = spelledText(middle);
    this.#separator = separator ? spelledText(separator) : undefined;
    this.#place = marker ? 'text' : 'beginning';
  }

  /** Whether the arguments of all calls that have begun are whole, and there is a call. */
  get hasWholeCalls(): boolean {
    return this.#place === 'after';
  }

  /** The special token came with which calls begin. */
  mark(): CallPiece[] {
    this.#held = '';
    this.#place = 'opening';
    return [];
  }

  /** Takes the next piece of the answer's text. */
  push(text: string): CallPiece[] {
    this.#held += text;
    const pieces: CallPiece[] = [];
    for (let place: Place | undefined; place !== this.#place; ) {
      place = this.#place;
      pieces.push(...this.#read());
    }
    return pieces;
  }

  /** The rest, when the answer has ended. */
  end(): CallPiece[] {
    const isText = !this.#isForced && (this.#place === 'beginning' || this.#place === 'text');
    const text = isText ? this.#taken(this.#held.length).trimEnd() : '';
    return text === '' ? [] : [{ type: 'text', text }];
  }

  /** Reads what is held, as far as it belongs to one place, and goes on to the next place if that is complete. */
  #read(): CallPiece[] {
    switch (this.#place) {
      case 'beginning':
        return this.#readBeginning();
      case 'text':
        return this.#readText();
      case 'opening':
        if (this.#held.length >= this.#opening.length) this.#goOn(this.#opening.length, 'name');
        return [];
      case 'name':
        return this.#readName();
      case 'arguments': {
        const length = this.#arguments.read(this.#held);
        const text = this.#taken(length);
        if (this.#arguments.isWhole) this.#place = 'after';
        return text === '' ? [] : [{ type: 'arguments', text }];
      }
      case 'after':
        if (this.#separator !== undefined && this.#held.startsWith(this.#separator)) this.#goOn(this.#separator.length, 'name');
        return [];
      case 'only text':
        return this.#held === '' ? [] : [{ type: 'text', text: this.#taken(this.#held.length) }];
    }
  }

  /** Without a marker, an answer is a call if it begins as one. */
  #readBeginning(): CallPiece[] {
    const text = this.#held.trimStart();
    if (text.startsWith(this.#opening)) this.#goOn(this.#held.length - text.length + this.#opening.length, 'name');
    else if (!this.#opening.startsWith(text)) this.#place = 'only text';
    return [];
  }

  #readText(): CallPiece[] {
    const found = this.#marker === undefined ? -1 : this.#held.indexOf(this.#marker);
    const safe = found >= 0 ? found : this.#held.length - possibleBeginning(this.#held, this.#marker ?? '');
    const text = this.#taken(this.#held.slice(0, safe).trimEnd().length);
    if (found >= 0) this.#goOn(this.#held.indexOf(this.#marker!) + this.#marker!.length, 'opening');
    return text === '' ? [] : [{ type: 'text', text }];
  }

  #readName(): CallPiece[] {
    // The brace is that of the arguments. It tells where a name ends that only a special token follows.
    const spelled = (name: string) => `${name}${this.#middle}{`;
    const name = this.#names.find((candidate) => this.#held.startsWith(spelled(candidate)));
    if (name !== undefined) {
      this.#goOn(name.length + this.#middle.length, 'arguments');
      this.#arguments.begin();
      return [{ type: 'call', name }];
    }
    if (!this.#couldBeText || this.#names.some((candidate) => spelled(candidate).startsWith(this.#held))) return [];
    this.#held = this.#opening + this.#held;
    this.#place = 'only text';
    return [];
  }

  /** Whether an answer that begins as a call may be something else, such as JSON that the request asks for. */
  get #couldBeText(): boolean {
    return this.#marker === undefined && this.#opening.startsWith('{');
  }

  #goOn(length: number, place: Place): void {
    this.#taken(length);
    this.#place = place;
  }

  #taken(length: number): string {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return text;
  }
}

/** Length of the longest end of a text that is the beginning of the marker. */
function possibleBeginning(text: string, marker: string): number {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length--)
    if (text.endsWith(marker.slice(0, length))) return length;
  return 0;
}

/** Finds the end of a JSON object that comes in pieces. */
class JsonEnd {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  isWhole = false;

  begin(): void {
    this.#depth = 0;
    this.isWhole = false;
  }

  /** @returns how much of the text belongs to the object */
  read(text: string): number {
    for (let place = 0; place < text.length; place++) {
      this.#step(text[place]);
      if (this.isWhole) return place + 1;
    }
    return text.length;
  }

  #step(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isInString) {
      if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#isInString = false;
    } else if (character === '"') this.#isInString = true;
    else if (character === '{' || character === '[') this.#depth++;
    else if ((character === '}' || character === ']') && --this.#depth === 0) this.isWhole = true;
  }
}
