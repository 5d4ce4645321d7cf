import type { ByteState } from './byte-state.ts';
import { type KeyEnd, keyAutomaton } from './key-automaton.ts';
import { CLOSE_EMPTY_OBJECT, CLOSE_OBJECT, COLON, COMMA, OPEN_OBJECT } from './punctuation.ts';
import { BeforeFrame, Frame, type Part, type Reading } from './reading.ts';

/** What an object's schema says of its properties. */
export interface ObjectRules {
  /** The value of each name that the schema knows, in the schema's order. */
  readonly properties: ReadonlyMap<string, Part>;
  readonly required: ReadonlySet<string>;
  /** The content of keys for which `patternProperties` has a schema. */
  readonly patterns: readonly ByteState[];
  /** The value of an unknown name, by the patterns that it matches. */
  readonly others: ReadonlyMap<string, Part>;
  readonly min: number;
  readonly max: number;
  /** Whether properties come in the schema's order, as OpenAI's strict mode writes them. */
  readonly isOrdered: boolean;
}

/** Which patterns a name matches, as a key of `ObjectRules.others`. */
export const patternsKey = (matched: readonly number[]): string => matched.join();

/** An object, in any order of its properties unless the rules say otherwise. Known properties come once. */
export class ObjectPart implements Part {
  isPossible = false;
  readonly #rules: ObjectRules;
  /** Automata of keys, by the properties that are there. */
  readonly #keys = new Map<string, ByteState>();

  constructor(rules: ObjectRules) {
    this.#rules = rules;
  }

  enter(frame: Frame | null): readonly Reading[] {
    return [{ state: OPEN_OBJECT(), frame: new BetweenFrame(this, { seen: new Set(), extras: 0 }, frame) }];
  }

  /** @returns whether it has become possible by what is known of its values now */
  update(): boolean {
    const { required, max, min, properties } = this.#rules;
    if (this.isPossible || required.size > max) return false;
    if ([...required].some((name) => !properties.get(name)!.isPossible)) return false;
    const distinct = [...properties.values()].filter(({ isPossible }) => isPossible).length + Number(this.#hasExtra);
    if (distinct < min || min > max) return false;
    this.isPossible = true;
    return true;
  }

  /**
   * Whether a key may be written that then has no possible value: one that matches patterns whose schemas no value
   * satisfies. It must be known when all parts have been updated.
   */
  get hasTrap(): boolean {
    const [unmatched, ...matched] = [...this.#rules.others].sort(([a], [b]) => a.length - b.length).map(([, value]) => value.isPossible);
    return (unmatched || matched.includes(true)) && matched.includes(false);
  }

  mayEnd({ seen, extras }: Present): boolean {
    const { required, min } = this.#rules;
    return [...required].every((name) => seen.has(name)) && seen.size + Math.min(extras, 1) >= min;
  }

  /** The automaton of the next key; undefined if no property may come. */
  keys(present: Present): ByteState | undefined {
    const label = `${[...present.seen].sort().join('"')}"${this.#rules.max === Number.POSITIVE_INFINITY ? '' : present.extras}`;
    const known = this.#keys.get(label);
    if (known) return known;
    const keys = this.#nextKeys(present);
    if (keys) this.#keys.set(label, keys);
    return keys;
  }

  value({ name, matched }: KeyEnd): Part {
    return name === undefined ? this.#rules.others.get(patternsKey(matched))! : this.#rules.properties.get(name)!;
  }

  #nextKeys({ seen, extras }: Present): ByteState | undefined {
    const { properties, required, max, patterns } = this.#rules;
    const missing = [...required].filter((name) => !seen.has(name));
    const hasRoom = seen.size + extras + missing.length < max;
    const open = new Set(hasRoom ? this.#possible(seen) : missing);
    const ordered = this.#rules.isOrdered ? this.#inOrder(open, seen) : open;
    const extra = hasRoom && this.#hasExtra && (!this.#rules.isOrdered || missing.length === 0);
    if (ordered.size === 0 && !extra) return undefined;
    return keyAutomaton({
      open: ordered,
      known: new Set(properties.keys()),
      extra,
      patterns,
      mustMatch: !this.#rules.others.get(patternsKey([]))?.isPossible,
    });
  }

  #possible(seen: ReadonlySet<string>): string[] {
    return [...this.#rules.properties].filter(([name, value]) => value.isPossible && !seen.has(name)).map(([name]) => name);
  }

  /** Of the open names, those after the last one that is there, up to the next that is required. */
  #inOrder(open: ReadonlySet<string>, seen: ReadonlySet<string>): Set<string> {
    const names = [...this.#rules.properties.keys()];
    const after = names.slice(names.findLastIndex((name) => seen.has(name)) + 1);
    const end = after.findIndex((name) => this.#rules.required.has(name));
    return new Set((end < 0 ? after : after.slice(0, end + 1)).filter((name) => open.has(name)));
  }

  get #hasExtra(): boolean {
    return [...this.#rules.others.values()].some(({ isPossible }) => isPossible);
  }
}

/** Which properties are there. */
interface Present {
  readonly seen: ReadonlySet<string>;
  /** How many have names that the schema does not know. */
  readonly extras: number;
}

/** A place within an object. */
abstract class ObjectFrame extends Frame {
  protected readonly part: ObjectPart;
  protected readonly present: Present;
  /** What follows the object. */
  protected readonly outer: Frame | null;

  constructor(part: ObjectPart, present: Present, outer: Frame | null) {
    super();
    this.part = part;
    this.present = present;
    this.outer = outer;
  }
}

/** After the opening brace, or after a comma: a key comes next. */
class BetweenFrame extends ObjectFrame {
  readonly #isAfterComma: boolean;

  constructor(part: ObjectPart, present: Present, outer: Frame | null, isAfterComma = false) {
    super(part, present, outer);
    this.#isAfterComma = isAfterComma;
  }

  protected follow(): readonly Reading[] {
    const mayEnd = !this.#isAfterComma && this.part.mayEnd(this.present);
    const closed: Reading[] = mayEnd ? [{ state: CLOSE_EMPTY_OBJECT(), frame: this.outer }] : [];
    const keys = this.part.keys(this.present);
    return keys ? [...closed, { state: keys, frame: new KeyFrame(this.part, this.present, this.outer) }] : closed;
  }
}

/** After a key: a colon, and then the value. */
class KeyFrame extends ObjectFrame {
  protected override readonly dependsOnState = true;
  protected follow(state: ByteState): readonly Reading[] {
    const key = state as KeyEnd;
    const { seen, extras } = this.present;
    const present = key.name === undefined ? { seen, extras: extras + 1 } : { seen: new Set([...seen, key.name]), extras };
    return [{ state: COLON(), frame: new BeforeFrame(this.part.value(key), new ValueFrame(this.part, present, this.outer)) }];
  }
}

/** After a value: the end, or a comma. */
class ValueFrame extends ObjectFrame {
  protected follow(): readonly Reading[] {
    const closed: Reading[] = this.part.mayEnd(this.present) ? [{ state: CLOSE_OBJECT(), frame: this.outer }] : [];
    if (!this.part.keys(this.present)) return closed;
    return [...closed, { state: COMMA(), frame: new BetweenFrame(this.part, this.present, this.outer, true) }];
  }
}
