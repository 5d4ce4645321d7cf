/** A field of a request that the reader may set, as the OpenAPI document has it. */
export interface Parameter {
  name: string;
  label: string;
  description: string;
  min: number;
  max: number;
  isWhole: boolean;
  /** What counts where neither reader nor model says anything; undefined where the document names none. */
  fallback?: number;
}

/** Those that are shown, in this order, with the label that a person reads. All else about them is the document's. */
const LABELS: Record<string, string> = {
  temperature: 'Temperature',
  top_p: 'Top p',
  max_tokens: 'Length, in tokens',
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
}

export interface OpenApiDocument {
  components: { schemas: Record<string, { properties?: Record<string, Property> }> };
}

/** The parameters of a completion that the document describes, with their ranges. */
export function readParameters(document: OpenApiDocument): Parameter[] {
  const properties = document.components.schemas.CompletionRequest?.properties ?? {};
  return Object.entries(LABELS).flatMap(([name, label]) => {
    const { type = [], minimum: min, maximum: max, description = '' } = properties[name] ?? {};
    if (min === undefined || max === undefined) return [];
    const [, fallback] = /(?:Default|else) (-?[\d.]*\d)\.$/.exec(description) ?? [];
    const isWhole = [type].flat().includes('integer');
    return [{ name, label, description, min, max, isWhole, fallback: fallback === undefined ? undefined : Number(fallback) }];
  });
}

/** Whether a range is one to slide along. */
export const isSliding = ({ min, max, isWhole }: Parameter): boolean => !isWhole && max - min <= 10;
