/** A request field that the reader may set, as the OpenAPI document describes it. */
export interface Parameter {
  name: string;
  label: string;
  description: string;
  min: number;
  max: number;
  isWhole: boolean;
  /** The value that applies if neither the reader nor the model sets one; undefined if the document names none. */
  fallback?: number;
}

/** What the reader typed, by parameter name. An empty text leaves the value to the model. */
export type FieldTexts = Readonly<Record<string, string>>;

/**
 * The parameters on the page, in this order, with their labels. All else about them comes from the OpenAPI document.
 */
const LABELS: Record<string, string> = {
  temperature: 'Temperature',
  top_p: 'Top p',
  max_tokens: 'Length in tokens',
  seed: 'Seed',
  top_k: 'Top k',
  min_p: 'Min p',
  repetition_penalty: 'Repetition penalty',
  frequency_penalty: 'Frequency penalty',
  presence_penalty: 'Presence penalty',
};

interface Property {
  type?: string | string[];
  minimum?: number;
  maximum?: number;
  description?: string;
  /** The value of a field that the request leaves out. */
  default?: number;
  /** The value of a field that both the request and the model's own settings leave out. */
  'x-fallback'?: number;
}

/** The part of the API's OpenAPI document that the page reads. */
export interface OpenApiDocument {
  components: { schemas: Record<string, { properties?: Record<string, Property> }> };
}

/** Reads the parameters of a completion, with their ranges. A field without both bounds is left out. */
export function readParameters(document: OpenApiDocument): Parameter[] {
  const properties = document.components.schemas.CompletionRequest?.properties ?? {};
  return Object.entries(LABELS).flatMap(([name, label]) => {
    const { type = [], minimum: min, maximum: max, description = '', ...property } = properties[name] ?? {};
    if (min === undefined || max === undefined) return [];
    const isWhole = [type].flat().includes('integer');
    return [{ name, label, description, min, max, isWhole, fallback: property.default ?? property['x-fallback'] }];
  });
}

/** Whether the range is small enough for a slider. */
export const hasSlider = ({ min, max, isWhole }: Parameter): boolean => !isWhole && max - min <= 10;

/**
 * Turns what the reader typed into the fields of a request. A text that is not a number is sent as it is, so that the
 * API refuses it and says why.
 */
export function samplingFields(texts: FieldTexts, parameters: readonly Parameter[]): Record<string, number | string[] | string> {
  const numbers = parameters.flatMap(({ name }) => {
    const text = texts[name]?.trim() ?? '';
    if (text === '') return [];
    return [[name, Number.isNaN(Number(text)) ? text : Number(text)] as const];
  });
  const stops = (texts.stop ?? '').split('\n').filter((line) => line !== '');
  return { ...Object.fromEntries(numbers), ...(stops.length > 0 ? { stop: stops.map(withLineBreaks) } : {}) };
}

/** The reader types a line break within a stop string as \n, because each line is a stop string of its own. */
const withLineBreaks = (line: string): string => line.replaceAll('\\n', '\n');
