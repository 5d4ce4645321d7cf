import type { ByteState } from '../byte-state.ts';
import { Effort } from '../effort.ts';
import { MAX_DFA_STATES, MAX_NFA_STATES } from '../limits.ts';
import { tooLarge } from '../unenforceable.ts';
import type { Expression, Range } from './expression.ts';

/** A nondeterministic automaton: states are numbers, in two flat lists of edges. */
class Nfa {
  readonly edges: { from: readonly Range[]; to: number }[][] = [];
  readonly silent: number[][] = [];

  state(): number {
    if (this.edges.length === MAX_NFA_STATES) throw tooLarge(`it needs more than ${MAX_NFA_STATES} states`);
    this.edges.push([]);
    this.silent.push([]);
    return this.edges.length - 1;
  }

  /** Adds states so that the texts of `expression` lead from `from` to the result. */
  add(expression: Expression, from: number): number {
    if ('set' in expression) {
      const to = this.state();
      this.edges[from].push({ from: expression.set, to });
      return to;
    }
    if ('words' in expression) return this.addWords(expression.words, from);
    if ('sequence' in expression) return expression.sequence.reduce((at, part) => this.add(part, at), from);
    if ('either' in expression) {
      const to = this.state();
      for (const part of expression.either) this.silent[this.add(part, this.fresh(from))].push(to);
      return to;
    }
    return this.addRepeat(expression, from);
  }

  /** Words with the same end share the states of that end, so that characters of several bytes need few. */
  private addWords(words: readonly (readonly Range[])[], from: number): number {
    const to = this.state();
    /** The states from which an end of a word leads to `to`, by that end. */
    const before = new Map<string, number>([['', to]]);
    const first = new Map<number, Range[]>();
    for (const word of words) {
      let next = to;
      let end = '';
      for (const range of word.slice(1).reverse()) {
        end = `${range.join('-')} ${end}`;
        const state = before.get(end) ?? this.state();
        if (!before.has(end)) this.edges[state].push({ from: [range], to: next });
        before.set(end, state);
        next = state;
      }
      first.set(next, [...(first.get(next) ?? []), word[0]]);
    }
    for (const [next, ranges] of first) this.edges[from].push({ from: ranges, to: next });
    return to;
  }

  private addRepeat({ repeat, min, max }: { repeat: Expression; min: number; max: number }, from: number): number {
    let at = from;
    for (let count = 0; count < min; count++) at = this.add(repeat, at);
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.fresh(at);
      this.silent[this.add(repeat, loop)].push(loop);
      return this.fresh(loop);
    }
    const end = this.state();
    for (let count = min; count < max; count++) {
      this.silent[at].push(end);
      at = this.add(repeat, this.fresh(at));
    }
    this.silent[at].push(end);
    return end;
  }

  /** A new state that is reached without a byte. Loops begin there, so that they lead to nothing before them. */
  private fresh(from: number): number {
    const state = this.state();
    this.silent[from].push(state);
    return state;
  }
}

/** A state of a deterministic automaton, with one successor for each class of bytes that no edge tells apart. */
class DfaState implements ByteState {
  readonly next: (DfaState | undefined)[];
  accepts = false;
  readonly #classes: Uint8Array;

  constructor(classes: Uint8Array, count: number) {
    this.#classes = classes;
    this.next = new Array(count).fill(undefined);
  }

  step(byte: number): DfaState | undefined {
    return this.next[this.#classes[byte]];
  }
}

/**
 * Makes an expression over bytes deterministic, by the subset construction, and removes what leads nowhere.
 * @returns its first state; undefined if it has no text
 * @param effort what it may take, together with others
 * @throws GptEdgeError `invalid_value` if that takes more states or effort than allowed
 */
export function automaton(expression: Expression, effort = new Effort()): ByteState | undefined {
  const nfa = new Nfa();
  const start = nfa.state();
  const end = nfa.add(expression, start);
  const { classes, samples } = byteClasses(nfa);
  const states = new Map<string, { state: DfaState; members: number[] }>();
  const seen = new Uint32Array(nfa.edges.length);
  let round = 0;
  const close = (roots: number[]): number[] => {
    round++;
    let visited = 0;
    const members: number[] = [];
    const open = roots;
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      if (seen[member] === round) continue;
      seen[member] = round;
      // States that only lead on without a byte do not tell two sets apart.
      if (nfa.edges[member].length > 0 || member === end) members.push(member);
      visited++;
      open.push(...nfa.silent[member]);
    }
    effort.spend(visited);
    return members.sort((a, b) => a - b);
  };
  const pending: { state: DfaState; members: number[] }[] = [];
  const intern = (members: number[]): DfaState => {
    const key = members.join();
    const known = states.get(key);
    if (known) return known.state;
    if (states.size === MAX_DFA_STATES) throw tooLarge(`it needs more than ${MAX_DFA_STATES} states`);
    const entry = { state: new DfaState(classes, samples.length), members };
    entry.state.accepts = members.includes(end);
    states.set(key, entry);
    pending.push(entry);
    return entry.state;
  };
  const first = intern(close([start]));
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    effort.spend(samples.length);
    const targets: number[][] = samples.map(() => []);
    for (const member of entry.members)
      for (const { from, to } of nfa.edges[member])
        for (const [low, high] of from) for (let index = classes[low]; index <= classes[high]; index++) targets[index].push(to);
    for (const [index, members] of targets.entries()) if (members.length > 0) entry.state.next[index] = intern(close(members));
  }
  return trim(
    first,
    [...states.values()].map(({ state }) => state),
  );
}

/**
 * The texts of both automata.
 * @returns undefined if they have none in common
 */
export function both(a: ByteState, b: ByteState, effort: Effort): ByteState | undefined {
  const classes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const states = new Map<ByteState, Map<ByteState, DfaState>>();
  const all: DfaState[] = [];
  const pending: { state: DfaState; left: ByteState; right: ByteState }[] = [];
  const intern = (left: ByteState, right: ByteState): DfaState => {
    const row = states.get(left) ?? new Map<ByteState, DfaState>();
    states.set(left, row);
    const known = row.get(right);
    if (known) return known;
    if (all.length === MAX_DFA_STATES) throw tooLarge(`it needs more than ${MAX_DFA_STATES} states together with what else holds there`);
    const state = new DfaState(classes, 256);
    state.accepts = left.accepts && right.accepts;
    row.set(right, state);
    all.push(state);
    pending.push({ state, left, right });
    return state;
  };
  const first = intern(a, b);
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    effort.spend(256);
    for (let byte = 0; byte < 256; byte++) {
      const left = entry.left.step(byte);
      const right = left && entry.right.step(byte);
      if (left && right) entry.state.next[byte] = intern(left, right);
    }
  }
  return trim(first, all);
}

/** Removes the ways to states from which no accepting one can be reached. */
function trim(first: DfaState, states: readonly DfaState[]): DfaState | undefined {
  const before = new Map<DfaState, DfaState[]>(states.map((state) => [state, []]));
  for (const state of states) for (const next of new Set(state.next)) if (next) before.get(next)!.push(state);
  const alive = new Set(states.filter(({ accepts }) => accepts));
  const open = [...alive];
  for (let state = open.pop(); state; state = open.pop())
    for (const previous of before.get(state)!)
      if (!alive.has(previous)) {
        alive.add(previous);
        open.push(previous);
      }
  for (const state of states) for (const [index, next] of state.next.entries()) if (next && !alive.has(next)) state.next[index] = undefined;
  return alive.has(first) ? first : undefined;
}

/** Bytes between the same ends of ranges behave alike. @returns each byte's class, and a byte of each class */
function byteClasses(nfa: Nfa): { classes: Uint8Array; samples: number[] } {
  const begins = new Set([0]);
  for (const edges of nfa.edges)
    for (const { from } of edges)
      for (const [low, high] of from) {
        begins.add(low);
        begins.add(high + 1);
      }
  const classes = new Uint8Array(256);
  const samples: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    if (begins.has(byte)) samples.push(byte);
    classes[byte] = samples.length - 1;
  }
  return { classes, samples };
}
