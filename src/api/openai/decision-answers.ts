import type { Verdict } from '../../generation/decisions/decide.ts';
import type { DecisionWireRequest, WireAnswer, WireQuestion } from './schemas/decision-schema.ts';

/** The answers in OpenAI's shapes, in the order of the questions. */
export const decisionAnswers = ({ questions, gpt_edge }: DecisionWireRequest, verdicts: readonly Verdict[]): WireAnswer[] =>
  verdicts.map((verdict, index) => ({
    ...answerOf(questions[index], verdict.probabilities),
    ...(gpt_edge?.coverage ? { gpt_edge: { coverage: verdict.coverage } } : {}),
  }));

function answerOf(question: WireQuestion, probabilities: readonly number[]): WireAnswer {
  const name = question.name ?? null;
  const confidence = confidenceOf(probabilities);
  switch (question.type) {
    case 'predicate':
      return { type: 'predicate', name, probability: probabilities[0] };
    case 'choice': {
      const choices = question.choices.map(({ value }, index) => ({ value, probability: probabilities[index] }));
      const best = choices.reduce((most, choice) => (choice.probability > most.probability ? choice : most));
      return { type: 'choice', name, choice: best.value, confidence, probabilities: choices };
    }
    case 'score': {
      const levels = question.levels.map(({ label }, value) => ({ label, value, probability: probabilities[value] }));
      const score = levels.reduce((sum, { value, probability }) => sum + value * probability, 0);
      return { type: 'score', name, score, confidence, probabilities: levels };
    }
  }
}

/** 1 less the entropy, as a part of the greatest that there can be of so many answers. */
function confidenceOf(probabilities: readonly number[]): number {
  const entropy = probabilities.reduce((sum, probability) => sum - (probability > 0 ? probability * Math.log(probability) : 0), 0);
  return Math.min(1, Math.max(0, 1 - entropy / Math.log(probabilities.length)));
}
