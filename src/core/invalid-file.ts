import { GptEdgeError } from './errors.ts';

/** What is wrong with a file that a conversion reads. `problem` names the field, its value and the limit. */
export function invalidFile(file: string, problem: string, cause?: unknown): GptEdgeError {
  return new GptEdgeError('invalid_file', `${file}: ${problem}`, { param: file, cause });
}
