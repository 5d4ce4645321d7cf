import type { WireModel } from '../../api/openai/schemas/model-schema.ts';
import { MODES, type Mode } from './conversation.ts';
import type { Question } from './decisions.ts';
import { examplesOf } from './model-use.ts';
import { canChat, modelOf } from './playground-state.ts';
import { PlaygroundStore } from './playground-store.ts';

/** What the reader chooses and types: model, mode, parameters, system message and draft. */
export abstract class PlaygroundChoices extends PlaygroundStore {
  /** Stops the generation that runs, if there is one. */
  abstract stop(): void;

  /** Takes the list of served models. The chosen one stays chosen if it is among them. */
  setModels(models: readonly WireModel[]): void {
    const { modelId, problem } = this.state;
    const before = modelOf(this.state);
    this.set({ models, problem: problem?.field === 'model' ? null : problem });
    if (!models.some(({ id }) => id === modelId)) this.set({ modelId: models[0].id });
    this.#offerExample(before);
    this.fitMode();
  }

  /** Notes why a model cannot run; null if nothing is known against it. */
  setModelError(modelId: string, message: string | null): void {
    const { [modelId]: _, ...others } = this.state.modelErrors;
    this.set({ modelErrors: message === null ? others : { ...others, [modelId]: message } });
  }

  /** Leaves the chat if the model has no chat template. */
  fitMode(): void {
    if (this.state.mode === 'chat' && !canChat(this.state)) this.setMode('completion');
  }

  setSystem(system: string): void {
    this.set({ system, problem: this.problemExcept('system') });
  }

  setSchema(schema: string): void {
    this.set({ schema, problem: this.problemExcept('response_format') });
  }

  setTools(tools: string): void {
    this.set({ tools, problem: this.problemExcept('tools') });
  }

  setQuestions(questions: readonly Question[]): void {
    this.set({ questions, problem: null });
  }

  setDraft(draft: string): void {
    this.changeConversation((conversation) => ({ ...conversation, draft }));
    this.set({ problem: this.problemExcept('prompt', 'messages', 'input') });
  }

  setMode(mode: Mode): void {
    this.stop();
    this.set({ mode, selection: null, problem: null, announcement: '' });
  }

  /**
   * Switches to another model. This clears all conversations, since a model cannot continue the token ids of another.
   */
  setModel(modelId: string): void {
    this.stop();
    const { completion, chat, decide } = this.state.conversations;
    const conversations = { completion: { ...completion, turns: [] }, chat: { ...chat, turns: [] }, decide };
    const before = modelOf(this.state);
    this.set({ modelId, conversations, verdicts: null, selection: null, problem: null, draftTokens: null });
    this.#offerExample(before);
    this.fitMode();
  }

  /** Puts the model's first example where nothing was typed, or only an example of the model before it stands. */
  #offerExample(before: WireModel | undefined): void {
    for (const mode of MODES) {
      const { draft } = this.state.conversations[mode];
      if (before ? !examplesOf(before, mode).includes(draft) : draft !== '') continue;
      const examples = examplesOf(modelOf(this.state), mode);
      if (!examples.includes(draft)) this.changeConversation(({ turns }) => ({ draft: examples[0], turns }), mode);
    }
  }

  setField(name: string, text: string): void {
    this.set({ fields: { ...this.state.fields, [name]: text }, problem: this.problemExcept(name) });
  }

  clear(): void {
    this.stop();
    this.changeConversation((conversation) => ({ ...conversation, turns: [] }));
    this.set({ selection: null, problem: null });
  }
}
