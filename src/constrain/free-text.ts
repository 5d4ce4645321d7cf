import type { ByteState } from './byte-state.ts';
import { BeforeFrame, type Frame, type Part, type Reading } from './reading.ts';
import { SPECIAL } from './special-token.ts';

/** Any text. Special tokens are none. */
class AnyText implements ByteState {
  readonly accepts = true;
  readonly isLast = true;
  readonly alike = 'any text';

  step(byte: number): ByteState | undefined {
    return byte === SPECIAL ? undefined : this;
  }
}
const ANY_TEXT = new AnyText();

/** Any text whose first character, after white space, is not a certain one. */
export class TextNotBeginningWith implements Part {
  readonly isPossible = true;
  readonly #first: ByteState;

  /** @param character in ASCII */
  constructor(character: string) {
    const excluded = character.charCodeAt(0);
    const first: ByteState = {
      accepts: true,
      isLast: true,
      alike: `any text but ${character}`,
      step: (byte) => (byte === excluded ? undefined : WHITE_SPACE.includes(byte) ? first : ANY_TEXT.step(byte)),
    };
    this.#first = first;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return [{ state: this.#first, frame }];
  }
}
const WHITE_SPACE = [0x09, 0x0a, 0x0d, 0x20];

/** Any text that is the whole answer; but once it has a certain marker in it, a part follows that, and then the end. */
export class TextUntil implements Part {
  readonly isPossible = true;
  readonly #first: ByteState;
  readonly #part: Part;

  /** @param marker its bytes: those of a text, or of one special token */
  constructor(marker: Uint8Array, part: Part) {
    this.#first = textUntil(marker);
    this.#part = part;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return [{ state: this.#first, frame: new BeforeFrame(this.#part, frame) }];
  }
}

/**
 * States that know how much of the marker the text ends with, after Knuth, Morris and Pratt (1977). The text may end in
 * each of them, but only the last, the whole marker, is followed by something.
 */
function textUntil(marker: Uint8Array): ByteState {
  const name = String.fromCharCode(...marker);
  const isSpecial = marker[0] === SPECIAL;
  const states: ByteState[] = Array.from(marker, (_, matched) => ({
    accepts: true,
    isLast: true,
    alike: `text ${matched} ${name}`,
    step: (byte) => {
      if (byte === marker[matched]) return states[matched + 1];
      // A special token is one token, so nothing of it may be left out; and others are no text.
      if (byte === SPECIAL || (isSpecial && matched > 0)) return undefined;
      return isSpecial ? states[0] : states[longestEnd(marker, matched, byte)];
    },
  }));
  states.push({ accepts: true, step: () => undefined });
  return states[0];
}

/** How much of the marker the text ends with, if a byte that is not the marker's next follows `matched` bytes of it. */
function longestEnd(marker: Uint8Array, matched: number, byte: number): number {
  const text = [...marker.subarray(0, matched), byte];
  for (let length = matched; length > 0; length--) if (text.slice(-length).every((value, index) => value === marker[index])) return length;
  return 0;
}
