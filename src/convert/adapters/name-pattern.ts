import { invalidFile, showText } from '../../core/invalid-file.ts';

/** Characters of a pattern. Those that people write have some 50. */
const MAX_PATTERN = 256;
/** Repetitions in a pattern. A name of n characters is matched in some n^3 steps at most, and a name is short. */
const MAX_REPETITIONS = 3;
/** What makes the time of matching grow with 2^n: a group that repeats; and what JavaScript reads otherwise than Python. */
const REFUSED = /\)[*+?{]|\(\?(?!:)|\\[1-9]/;

/**
 * Compiles a pattern for names of modules that an adapter's configuration gives as a regular expression of Python. Such
 * a file may come from anywhere, so patterns are refused on which a search could take forever.
 * @param field the field of the configuration, for messages
 * @throws GptEdgeError `invalid_file` for a pattern that is no regular expression, or too intricate
 */
export function namePattern(pattern: string, wrap: (pattern: string) => string, file: string, field: string): (name: string) => boolean {
  const repetitions = pattern.match(/(?<!\\)[*+{]/g)?.length ?? 0;
  if (pattern.length > MAX_PATTERN || repetitions > MAX_REPETITIONS || REFUSED.test(pattern))
    throw invalidFile(
      file,
      `${field}: the pattern ${showText(pattern)} is too intricate: at most ${MAX_PATTERN} characters and ${MAX_REPETITIONS} repetitions are matched, none of a group, and no look-around; a list of names says the same`,
    );
  try {
    const compiled = new RegExp(wrap(pattern));
    return (name) => compiled.test(name);
  } catch (cause) {
    throw invalidFile(file, `${field}: ${showText(pattern)} is not a regular expression`, cause);
  }
}
