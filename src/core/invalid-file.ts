import { GptEdgeError } from './errors.ts';

/** Characters of a file's text that a message repeats. */
const SHOWN_CHARACTERS = 80;

/**
 * The error for a file whose content is invalid.
 * @param problem names the field, its value and the limit
 */
export function invalidFile(file: string, problem: string, cause?: unknown): GptEdgeError {
  return new GptEdgeError('invalid_file', `${file}: ${problem}`, { param: file, cause });
}

/**
 * Formats text from a file for a message: quoted, with control characters escaped, and cut so that a long text does not
 * drown the message.
 */
export function showText(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${JSON.stringify(text.slice(0, SHOWN_CHARACTERS))}…` : JSON.stringify(text);
}
