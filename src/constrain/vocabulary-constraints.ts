import type { CallSyntax } from '../core/call-syntax.ts';
import { GptEdgeError } from '../core/errors.ts';
import type { ConstraintState, TokenConstraint } from '../core/token-constraint.ts';
import type { ByteState } from './byte-state.ts';
import { callsOrText, inputPart } from './call-parts.ts';
import { certainBytes } from './certain-bytes.ts';
import type { Effort } from './effort.ts';
import { SPACE, stringAutomaton, stringOf } from './json-text.ts';
import { MAX_CHOICES } from './limits.ts';
import { Leaf, type Part, Preceded } from './reading.ts';
import { automaton } from './regular/automaton.ts';
import { type Expression, mapSets } from './regular/expression.ts';
import { matched, PatternError } from './regular/pattern.ts';
import { utf8 } from './regular/utf8.ts';
import { SchemaCompiler } from './schema-compiler.ts';
import { SchemaDocument } from './schema-document.ts';
import { textAutomaton } from './text-automaton.ts';
import { TextState } from './text-state.ts';
import { TokenMasks } from './token-masks.ts';
import { VocabularyTrie } from './vocabulary-trie.ts';

/** What the constraints need to know of a model's tokens. */
export interface ConstrainedVocabulary {
  readonly size: number;
  /** Tokens that end an answer. */
  readonly eosTokenIds: readonly number[];
  /**
   * The bytes of a token's text; `specialTokenBytes` for a special token that a constraint may name; none for a token
   * that may not be in an answer.
   */
  bytes(id: number): Uint8Array;
  /** The tokens of a text as the model's own texts have them. By default, the longest tokens are taken one by one. */
  encode?(text: string): readonly number[];
}

/** How a schema is enforced. */
export interface SchemaOptions {
  /** Whether the properties come in the schema's order. @default false */
  readonly isOrdered?: boolean;
  /** Whether objects that name properties have no others, unless their schema speaks of these. @default false */
  readonly isClosed?: boolean;
  /** What may be spent on it, if that is shared with other schemas. */
  readonly effort?: Effort;
}

/** A function that an answer may call. */
export interface ConstrainedFunction {
  readonly name: string;
  /** What its arguments may be: made by `jsonSchema` or `input` of the same constraints. */
  readonly arguments: TokenConstraint;
}

/** How many compiled schemas are kept for requests with the same one. */
const MAX_KEPT_PARTS = 32;

/**
 * Makes constraints for the answers of one model.
 * @example
 * const constraints = new VocabularyConstraints({ size, eosTokenIds, bytes: (id) => tokenizer.bytes(id) });
 * await constraints.prepare();
 * let state = constraints.choice(['yes', 'no']).start();
 * const allowed = state.allowed();
 */
export class VocabularyConstraints {
  readonly #vocabulary: ConstrainedVocabulary;
  readonly #parts = new Map<string, Part>();
  #masks: TokenMasks | undefined;

  constructor(vocabulary: ConstrainedVocabulary) {
    this.#vocabulary = vocabulary;
  }

  /**
   * Builds what depends on the vocabulary alone. It must have been awaited before a constraint is started.
   * @param turn is awaited between parts of the work, each of which takes some milliseconds
   */
  async prepare(turn: () => Promise<void> = async () => {}): Promise<void> {
    if (this.#masks) return;
    const { size } = this.#vocabulary;
    this.#masks = new TokenMasks(await VocabularyTrie.build(size, (id) => this.#vocabulary.bytes(id), turn));
  }

  /**
   * Answers that are JSON and satisfy a schema.
   * @throws GptEdgeError `invalid_value` for what cannot be enforced, with its place in the schema
   */
  jsonSchema(schema: unknown, { isOrdered = false, isClosed = false, effort }: SchemaOptions = {}): TokenConstraint {
    const document = new SchemaDocument(schema);
    return this.#constraint(`schema ${isOrdered} ${isClosed} ${JSON.stringify(schema)}`, () =>
      new SchemaCompiler(document, { isOrdered, isClosed }, effort).compile(),
    );
  }

  /** Answers that are one of these texts. */
  choice(texts: readonly string[]): TokenConstraint {
    if (texts.length === 0 || texts.length > MAX_CHOICES || texts.includes(''))
      throw new GptEdgeError('invalid_value', `A choice is made among 1 to ${MAX_CHOICES} texts, none of which is empty.`);
    return this.#constraint(`choice ${JSON.stringify(texts)}`, () => new Leaf(textAutomaton(texts)), false);
  }

  /** Answers that a regular expression matches as a whole. */
  pattern(source: string): TokenConstraint {
    return this.#constraint(`pattern ${source}`, () => new Leaf(textsOf(source, (content) => mapSets(content, utf8))), false);
  }

  /**
   * The arguments of a call that has a text as its input.
   * @param source a regular expression that the whole text matches; undefined for any text
   * @param effort what may be spent on it, if that is shared with other schemas
   */
  input(source: string | undefined, effort?: Effort): TokenConstraint {
    return this.#constraint(`input ${source === undefined ? '' : JSON.stringify(source)}`, () =>
      inputPart(source === undefined ? stringAutomaton() : textsOf(source, stringOf, effort)),
    );
  }

  /**
   * Answers that call functions.
   * @param isSingle whether one function is called, and only once
   * @param text what an answer may be instead: anything, nothing, or what another of these constraints allows
   */
  calls(
    syntax: CallSyntax,
    functions: readonly ConstrainedFunction[],
    isSingle: boolean,
    text: TokenConstraint | 'any' | 'none',
  ): TokenConstraint {
    const parts = functions.map(({ name, arguments: values }) => ({ name, arguments: (values as PartConstraint).part }));
    const instead = typeof text === 'string' ? text : (text as PartConstraint).part;
    return new PartConstraint(callsOrText(syntax, parts, isSingle, instead), false, (part) => this.#start(part));
  }

  /** @param mayBeginWithSpace many tokenizers begin a text with a space */
  #constraint(key: string, compile: () => Part, mayBeginWithSpace = true): TokenConstraint {
    const part = this.#parts.get(key) ?? compile();
    // The one that was used last is the last of the map's keys.
    this.#parts.delete(key);
    this.#parts.set(key, part);
    if (this.#parts.size > MAX_KEPT_PARTS) this.#parts.delete(this.#parts.keys().next().value!);
    return new PartConstraint(part, mayBeginWithSpace, (whole) => this.#start(whole));
  }

  #start(part: Part): ConstraintState {
    return new State(TextState.of(part), this.#vocabulary, this.#masks!);
  }
}

/** A constraint that may become a part of another. */
class PartConstraint implements TokenConstraint {
  readonly part: Part;
  readonly #mayBeginWithSpace: boolean;
  readonly #start: (part: Part) => ConstraintState;

  constructor(part: Part, mayBeginWithSpace: boolean, start: (part: Part) => ConstraintState) {
    this.part = part;
    this.#mayBeginWithSpace = mayBeginWithSpace;
    this.#start = start;
  }

  start(): ConstraintState {
    return this.#start(this.#mayBeginWithSpace ? new Preceded(automaton(SPACE)!, this.part) : this.part);
  }
}

/**
 * The texts that a regular expression matches as a whole.
 * @param written how their characters are written, in bytes
 */
function textsOf(source: string, written: (content: Expression) => Expression, effort?: Effort): ByteState {
  const first = automaton(written(parse(source)), effort);
  if (!first) throw new GptEdgeError('invalid_value', 'The regular expression matches no text.');
  return first;
}

function parse(source: string): Expression {
  try {
    return matched(source);
  } catch (error) {
    if (error instanceof PatternError)
      throw new GptEdgeError('invalid_value', `The regular expression cannot be enforced: ${error.message}.`);
    throw error;
  }
}

class State implements ConstraintState {
  readonly #text: TextState;
  readonly #vocabulary: ConstrainedVocabulary;
  readonly #masks: TokenMasks;
  #allowed: Uint32Array | undefined;

  constructor(text: TextState, vocabulary: ConstrainedVocabulary, masks: TokenMasks) {
    this.#text = text;
    this.#vocabulary = vocabulary;
    this.#masks = masks;
  }

  get isComplete(): boolean {
    return this.#text.isWhole && !this.#text.canGoOn;
  }

  get isStuck(): boolean {
    return this.allowed().every((word) => word === 0);
  }

  allowed(): Uint32Array {
    this.#allowed ??= this.#findAllowed();
    return this.#allowed;
  }

  get onlyToken(): number | undefined {
    const [first, other] = tokensOf(this.allowed(), 1);
    return other === undefined ? first : undefined;
  }

  after(id: number): State {
    if (this.#vocabulary.eosTokenIds.includes(id)) return this;
    const text = this.#text.advance(this.#vocabulary.bytes(id));
    if (!text) throw new GptEdgeError('internal_error', `Token ${id} is not allowed here.`);
    return new State(text, this.#vocabulary, this.#masks);
  }

  #findAllowed(): Uint32Array {
    const allowed = this.#masks.allowed(this.#text);
    if (this.#text.isWhole) for (const id of this.#vocabulary.eosTokenIds) allowed[id >> 5] |= 1 << (id & 31);
    else keepCertain(allowed, this.#text, this.#vocabulary);
    return allowed;
  }
}

/**
 * The tokens that spell the beginnings of a text that is certain, and its continuations, are few. More than these are not
 * looked at.
 */
const MAX_SPELLINGS = 32;

/**
 * Where only one text can follow, many tokens are beginnings of it. Only that one is kept with which the model's own
 * tokenizer spells the text: a model knows its texts by these tokens, and what is certain need not be chosen. A token
 * that goes on beyond the certain text is a choice, so then all are kept.
 */
function keepCertain(allowed: Uint32Array, text: TextState, vocabulary: ConstrainedVocabulary): void {
  const ids = tokensOf(allowed, MAX_SPELLINGS);
  if (ids.length < 2 || ids.length > MAX_SPELLINGS) return;
  const certain = certainBytes(text);
  if (ids.some((id) => vocabulary.bytes(id).length > certain.length)) return;
  const longest = ids.reduce((best, id) => (vocabulary.bytes(id).length > vocabulary.bytes(best).length ? id : best));
  const [own] = vocabulary.encode?.(new TextDecoder().decode(certain)) ?? [];
  allowed.fill(0);
  const kept = ids.includes(own) ? own : longest;
  allowed[kept >> 5] |= 1 << (kept & 31);
}

/** The tokens of a mask, but hardly more than so many. */
function tokensOf(mask: Uint32Array, most: number): number[] {
  const ids: number[] = [];
  for (let word = 0; word < mask.length && ids.length <= most; word++)
    for (let bits = mask[word]; bits !== 0; bits &= bits - 1) ids.push((word << 5) + 31 - Math.clz32(bits & -bits));
  return ids;
}
