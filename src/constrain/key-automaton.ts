import type { ByteState } from './byte-state.ts';
import { canonicalStringAutomaton } from './json-text.ts';

const QUOTE = 0x22;

/** What the keys of an object may be, at one place in it. */
export interface Keys {
  /** Names that may come next. */
  readonly open: ReadonlySet<string>;
  /** All names that the schema knows; those that are not open may not come again. */
  readonly known: ReadonlySet<string>;
  /** Whether other names may come. */
  readonly extra: boolean;
  /** The strings' contents that `patternProperties` describe. They cover the names that the schema does not know. */
  readonly patterns: readonly ByteState[];
  /** Whether an unknown name must match one of the patterns. */
  readonly mustMatch: boolean;
}

/** The state in which a key has ended: it tells which. */
export class KeyEnd implements ByteState {
  readonly accepts = true;
  /** A name that the schema knows; undefined for another. */
  readonly name: string | undefined;
  /** Which of the patterns the name matches. */
  readonly matched: readonly number[];

  constructor(name: string | undefined, matched: readonly number[]) {
    this.name = name;
    this.matched = matched;
  }

  step(): undefined {
    return undefined;
  }
}

/** A key with both its quotes, as JSON.stringify writes it, so that names can be compared byte by byte. */
export function keyAutomaton(keys: Keys): ByteState {
  const states = new KeyStates(keys);
  return { accepts: false, step: (byte) => (byte === QUOTE ? states.first() : undefined) };
}

/** Where in a key one is. Parts that have left what they follow are undefined. */
interface Position {
  /** The bytes so far, while some known name begins with them. */
  readonly prefix: string | undefined;
  /** The state within any string. */
  readonly any: ByteState;
  /** The states of the patterns. */
  readonly patterns: readonly (ByteState | undefined)[];
}

class KeyStates {
  readonly #keys: Keys;
  /** Known names by their bytes in JSON, one character for each byte. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #prefixes = new Set<string>();
  /** Those prefixes with which an open name begins. */
  readonly #openPrefixes = new Set<string>();
  readonly #ends = new Map<string, KeyEnd>();
  readonly #states = new Map<ByteState, ByteState[]>();
  readonly #entered = new Map<ByteState, Position>();

  constructor(keys: Keys) {
    this.#keys = keys;
    this.#names = new Map(Array.from(keys.known, (name) => [jsonBytes(name), name]));
    for (const [spelled, name] of this.#names)
      for (let length = 0; length <= spelled.length; length++) {
        this.#prefixes.add(spelled.slice(0, length));
        if (keys.open.has(name)) this.#openPrefixes.add(spelled.slice(0, length));
      }
  }

  first(): ByteState | undefined {
    return this.#state({ prefix: this.#prefixes.has('') ? '' : undefined, any: canonicalStringAutomaton(), patterns: this.#keys.patterns });
  }

  /** The state for a position, if a key can still come of it. */
  #state(position: Position): ByteState | undefined {
    if (!this.#isAlive(position)) return undefined;
    const alike = this.#states.get(position.any) ?? [];
    this.#states.set(position.any, alike);
    const known = alike.find((state) => isSame(this.#entered.get(state)!, position));
    if (known) return known;
    const state: ByteState = { accepts: false, step: (byte) => this.#step(position, byte) };
    this.#entered.set(state, position);
    alike.push(state);
    return state;
  }

  #isAlive({ prefix, patterns }: Position): boolean {
    if (prefix !== undefined && this.#openPrefixes.has(prefix)) return true;
    return this.#keys.extra && (!this.#keys.mustMatch || patterns.some((state) => state !== undefined));
  }

  #step({ prefix, any, patterns }: Position, byte: number): ByteState | undefined {
    const next = any.step(byte);
    if (!next) return undefined;
    if (next.accepts) return this.#end(prefix, patterns);
    const longer = prefix === undefined ? undefined : prefix + String.fromCharCode(byte);
    return this.#state({
      prefix: longer !== undefined && this.#prefixes.has(longer) ? longer : undefined,
      any: next,
      patterns: patterns.map((state) => state?.step(byte)),
    });
  }

  #end(prefix: string | undefined, patterns: Position['patterns']): KeyEnd | undefined {
    const name = prefix === undefined ? undefined : this.#names.get(prefix);
    if (name !== undefined) return this.#keys.open.has(name) ? this.#endOf(name, []) : undefined;
    const matched = patterns.flatMap((state, index) => (state?.accepts ? [index] : []));
    if (!this.#keys.extra || (this.#keys.mustMatch && matched.length === 0)) return undefined;
    return this.#endOf(undefined, matched);
  }

  #endOf(name: string | undefined, matched: readonly number[]): KeyEnd {
    const label = name === undefined ? matched.join() : `"${name}`;
    const end = this.#ends.get(label) ?? new KeyEnd(name, matched);
    this.#ends.set(label, end);
    return end;
  }
}

const isSame = (a: Position, b: Position): boolean =>
  a.any === b.any && a.prefix === b.prefix && a.patterns.every((state, index) => state === b.patterns[index]);

/** A name as it stands between quotes, one character for each byte. */
function jsonBytes(name: string): string {
  return String.fromCharCode(...new TextEncoder().encode(JSON.stringify(name).slice(1, -1)));
}
