import type { WireAnswer, WireDecision } from '../../api/openai/schemas/decision-schema.ts';
import { requestJson } from '../client/request.ts';

/** A question as the reader types it. */
export interface Question {
  ask: string;
  /** What may be answered, parted by commas; blank for a statement, which is true or false. */
  labels: string;
}

/** A question as it was asked, and how probable each answer is. */
export interface Verdict {
  ask: string;
  answers: readonly { label: string; probability: number }[];
}

export const STANDARD_QUESTIONS: readonly Question[] = [
  { ask: 'What is the mood of the text?', labels: 'happy, sad, angry' },
  { ask: 'Somebody has lost something.', labels: '' },
];

/** As many as the API takes. */
export const MAX_QUESTIONS = 400;

const labelsOf = ({ labels }: Question): string[] => [
  ...new Set(
    labels
      .split(',')
      .map((label) => label.trim())
      .filter((label) => label !== ''),
  ),
];

/** The questions that are not blank, as the API has them. */
const wireQuestions = (questions: readonly Question[]) =>
  questions
    .filter(({ ask }) => ask.trim() !== '')
    .map((question) => {
      const labels = labelsOf(question);
      return labels.length === 0
        ? { type: 'predicate', instructions: question.ask }
        : { type: 'choice', instructions: question.ask, choices: labels.map((value) => ({ value })) };
    });

interface Asked {
  modelId: string;
  questions: readonly Question[];
  calibrates: boolean;
}

/** The request about a text, both as the page sends it and as the code samples show it. */
export const decisionRequest = ({ modelId, questions, calibrates }: Asked, input: string): Record<string, unknown> => ({
  model: modelId,
  input,
  questions: wireQuestions(questions),
  ...(calibrates ? { gpt_edge: { calibrate: true } } : {}),
});

/**
 * Asks the questions about a text.
 * @throws ApiError as `requestJson`
 */
export async function loadVerdicts(asked: Asked, input: string, signal: AbortSignal): Promise<Verdict[]> {
  const body = decisionRequest(asked, input);
  const { answers } = await requestJson<WireDecision>('/v1/decisions', body, signal);
  const texts = (body.questions as { instructions: string }[]).map(({ instructions }) => instructions);
  return answers.map((answer, index) => ({ ask: texts[index], answers: answersOf(answer) }));
}

function answersOf(answer: WireAnswer): Verdict['answers'] {
  if (answer.type === 'predicate')
    return [
      { label: 'true', probability: answer.probability },
      { label: 'false', probability: 1 - answer.probability },
    ];
  return answer.type === 'choice' ? answer.probabilities.map(({ value, probability }) => ({ label: String(value), probability })) : [];
}
