/** A text with special tokens in it: each string is text, each number the id of a special token. */
export type Spelled = readonly (string | number)[];

/**
 * How a model writes the calls of functions in its answers:
 * `opening name middle arguments (separator name middle arguments)* closing`, where the arguments are a JSON object.
 * @example
 * // <tool_call>{"name": "f", "arguments": {}}</tool_call>
 * const syntax: CallSyntax = {
 *   marker: ['<tool_call>'],
 *   opening: ['{"name": "'],
 *   middle: ['", "arguments": '],
 *   separator: ['}</tool_call><tool_call>{"name": "'],
 *   closing: ['}</tool_call>'],
 * };
 */
export interface CallSyntax {
  /**
   * One text or one special token with which calls begin, wherever it comes in an answer. null if there is none: then
   * an answer is calls or text from its first character on.
   */
  readonly marker: Spelled | null;
  /** What stands between the marker, or the beginning of the answer, and the name of the first function. */
  readonly opening: Spelled;
  readonly middle: Spelled;
  /** null if an answer has one call at most. */
  readonly separator: Spelled | null;
  readonly closing: Spelled;
}

/**
 * How the arguments of a call begin and end if its tool takes a text: the text stands between them as a JSON string, so
 * that the arguments are an object, as in every syntax of calls.
 */
export const INPUT_OPENING = '{"input": ';
export const INPUT_CLOSING = '}';

/** The text of what is spelled, without its special tokens, which a tokenizer leaves out as well. */
export const spelledText = (spelled: Spelled): string => spelled.filter((part) => typeof part === 'string').join('');
