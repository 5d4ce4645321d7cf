import { type CallSyntax, INPUT_CLOSING, INPUT_OPENING, type Spelled } from '../core/call-syntax.ts';
import type { ByteState } from './byte-state.ts';
import { TextNotBeginningWith, TextUntil } from './free-text.ts';
import { SPACE } from './json-text.ts';
import { Chain, Choice, Leaf, type Part, Preceded } from './reading.ts';
import { automaton } from './regular/automaton.ts';
import type { Expression } from './regular/expression.ts';
import { specialTokenBytes } from './special-token.ts';

/** The most calls of one answer. A small model that has called a function likes to call it again. */
const MAX_CALLS = 16;

/** A function that an answer may call. */
export interface CallableFunction {
  readonly name: string;
  /** The JSON object of its arguments. */
  readonly arguments: Part;
}

/** What an answer may be besides calls. */
export type TextPart = Part | 'any' | 'none';

/** Answers that are calls of functions, or, if `text` allows it, something else. */
export function callsOrText(syntax: CallSyntax, functions: readonly CallableFunction[], isSingle: boolean, text: TextPart): Part {
  const { marker, opening } = syntax;
  const calls = then(leaf(opening), callsFrom(syntax, functions, isSingle ? 1 : MAX_CALLS));
  const whole = new Preceded(automaton(SPACE)!, marker ? then(leaf(marker), calls) : calls);
  if (text === 'none') return whole;
  if (text !== 'any') return anyOf([whole, new Preceded(automaton(SPACE)!, text)]);
  if (marker) return new TextUntil(bytesOf(marker), calls);
  return anyOf([whole, new TextNotBeginningWith(String(opening[0]).charAt(0))]);
}

/** From the name of a function to the end of the answer. */
function callsFrom(syntax: CallSyntax, functions: readonly CallableFunction[], count: number): Part {
  const closing = leaf(syntax.closing);
  const isLast = count === 1 || syntax.separator === null;
  const end = isLast ? closing : anyOf([closing, then(leaf(syntax.separator!), callsFrom(syntax, functions, count - 1))]);
  return anyOf(functions.map(({ name, arguments: values }) => then(leaf([name, ...syntax.middle]), then(values, end))));
}

/** The arguments of a call that has a text as its input. @param text the JSON string of it */
export const inputPart = (text: ByteState): Part => then(leaf([INPUT_OPENING]), then(new Leaf(text), leaf([INPUT_CLOSING])));

const then = (first: Part, next: Part): Part => new Chain(first, next);
const leaf = (spelled: Spelled): Part => new Leaf(automaton(literalBytes(bytesOf(spelled)))!);

function anyOf(options: readonly Part[]): Part {
  const choice = new Choice();
  choice.options.push(...options);
  choice.update();
  return choice;
}

const literalBytes = (bytes: Uint8Array): Expression => ({ sequence: Array.from(bytes, (byte) => ({ set: [[byte, byte]] })) });

function bytesOf(spelled: Spelled): Uint8Array {
  return Uint8Array.from(
    spelled.flatMap((part) => [...(typeof part === 'string' ? new TextEncoder().encode(part) : specialTokenBytes(part))]),
  );
}
