import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import type { Mode } from './conversation.ts';

/** What a model is good for and what not, in plain words. */
export interface ModelUse {
  good: string;
  bad: string;
}

/** Below this many parameters, a model writes what it was trained on and little else. */
const NARROW = 5e7;
/** Below this many, a chat model gets most plain jobs wrong: SmolLM2-135M did two or three of twelve right. */
const WEAK = 5e8;

/** Takes a model's own card at its word; what the card does not say follows from the model's kind and size. */
export function modelUse(model: WireModel): ModelUse {
  const { good, bad } = model.chat_template ? useInChat(model.parameters) : useInCompletion(model.parameters);
  return { good: model.card?.use ?? good, bad: model.card?.limits ?? bad };
}

function useInChat(parameters: number): ModelUse {
  if (parameters < NARROW)
    return {
      good: 'Seeing how a language model works, and testing programs. It writes the one kind of text that it was trained on.',
      bad: 'Answers to questions. A model this small knows next to nothing.',
    };
  if (parameters < WEAK)
    return {
      good: 'Seeing how a small chat model works, and testing programs. It answers in fluent sentences.',
      bad: 'Relying on what it says. A model this small gets most questions and jobs wrong, plain ones too, and sounds sure of itself: no facts, sums, code or advice.',
    };
  return {
    good: 'Short everyday requests: a sentence reworded, a short list, a summary of a few lines.',
    bad: 'Facts, sums, code and advice without checking them, and long or many-part instructions. It is often wrong, and sounds sure of itself.',
  };
}

function useInCompletion(parameters: number): ModelUse {
  return {
    good: `Continuing a text that you begin${parameters < NARROW ? ', of the one kind that it was trained on' : ''}.`,
    bad: 'Answering questions or following instructions: it only continues a text. Nothing that it writes has to be true.',
  };
}

const CHAT_EXAMPLES = ['Say hello in one sentence.', 'Name three fruits.', 'Write one sentence about the sea.'];
const COMPLETION_EXAMPLES = ['The weather today is', 'My favourite food is', 'When I woke up this morning,'];

const DECISION_EXAMPLES = ['Tom lost his red ball in the park, and he began to cry.', 'We had cake, we sang, and everybody danced.'];

/** Texts to try: those of the model's card, or else some that suit any model. */
export function examplesOf(model: WireModel | undefined, mode: Mode): readonly string[] {
  if (!model) return [];
  const { prompts, messages } = model.card?.examples ?? { prompts: [], messages: [] };
  if (mode === 'decide') return DECISION_EXAMPLES;
  const own = mode === 'chat' ? messages : prompts;
  if (own.length > 0) return own;
  return mode === 'chat' ? CHAT_EXAMPLES : COMPLETION_EXAMPLES;
}
