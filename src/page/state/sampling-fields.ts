import type { Parameter } from './parameters.ts';

/** What the reader typed, by the parameter's name; an empty field is one left to the model. */
export type FieldTexts = Readonly<Record<string, string>>;

/** A request's fields from the texts. What is no number goes as it is, for the API to refuse. */
export function samplingFields(texts: FieldTexts, parameters: readonly Parameter[]): Record<string, number | string[] | string> {
  const numbers = parameters.flatMap(({ name }) => {
    const text = texts[name]?.trim() ?? '';
    if (text === '') return [];
    return [[name, Number.isNaN(Number(text)) ? text : Number(text)] as const];
  });
  const stops = (texts.stop ?? '').split('\n').filter((line) => line !== '');
  return { ...Object.fromEntries(numbers), ...(stops.length > 0 ? { stop: stops.map(withLineBreaks) } : {}) };
}

/** A line break within a stop string is typed as \n. */
const withLineBreaks = (line: string): string => line.replaceAll('\\n', '\n');
