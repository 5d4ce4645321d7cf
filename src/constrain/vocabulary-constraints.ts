import { GptEdgeError } from '../core/errors.ts';
import type { ConstraintState, TokenConstraint } from '../core/token-constraint.ts';
import { SPACE } from './json-text.ts';
import { MAX_CHOICES } from './limits.ts';
import { Leaf, type Part, Preceded } from './reading.ts';
import { automaton } from './regular/automaton.ts';
import { mapSets } from './regular/expression.ts';
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
  /** The bytes of a token's text; none for a token that may not be in an answer, such as a special one. */
  bytes(id: number): Uint8Array;
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
   * @param isOrdered whether the properties come in the schema's order
   * @throws GptEdgeError `invalid_value` for what cannot be enforced, with its place in the schema
   */
  jsonSchema(schema: unknown, isOrdered = false): TokenConstraint {
    const document = new SchemaDocument(schema);
    return this.#constraint(`schema ${isOrdered} ${JSON.stringify(schema)}`, () => {
      const value = new SchemaCompiler(document, isOrdered).compile();
      // Many tokenizers begin a text with a space.
      return new Preceded(automaton(SPACE)!, value);
    });
  }

  /** Answers that are one of these texts. */
  choice(texts: readonly string[]): TokenConstraint {
    if (texts.length === 0 || texts.length > MAX_CHOICES || texts.includes(''))
      throw new GptEdgeError('invalid_value', `A choice is made among 1 to ${MAX_CHOICES} texts, none of which is empty.`);
    return this.#constraint(`choice ${JSON.stringify(texts)}`, () => new Leaf(textAutomaton(texts)));
  }

  /** Answers that a regular expression matches as a whole. */
  pattern(source: string): TokenConstraint {
    return this.#constraint(`pattern ${source}`, () => {
      const first = automaton(mapSets(parse(source), utf8));
      if (!first) throw new GptEdgeError('invalid_value', 'The regular expression matches no text.');
      return new Leaf(first);
    });
  }

  #constraint(key: string, compile: () => Part): TokenConstraint {
    const part = this.#parts.get(key) ?? compile();
    // The one that was used last is the last of the map's keys.
    this.#parts.delete(key);
    this.#parts.set(key, part);
    if (this.#parts.size > MAX_KEPT_PARTS) this.#parts.delete(this.#parts.keys().next().value!);
    return { start: () => new State(TextState.of(part), this.#vocabulary, this.#masks!) };
  }
}

function parse(source: string) {
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

  after(id: number): State {
    if (this.#vocabulary.eosTokenIds.includes(id)) return this;
    const text = this.#text.advance(this.#vocabulary.bytes(id));
    if (!text) throw new GptEdgeError('internal_error', `Token ${id} is not allowed here.`);
    return new State(text, this.#vocabulary, this.#masks);
  }

  #findAllowed(): Uint32Array {
    const allowed = this.#masks.allowed(this.#text);
    if (this.#text.isWhole) for (const id of this.#vocabulary.eosTokenIds) allowed[id >> 5] |= 1 << (id & 31);
    return allowed;
  }
}
