import { MODES, type Mode } from './conversation.ts';
import { MAX_QUESTIONS, type Question } from './decisions.ts';
import type { FieldTexts } from './parameters.ts';

/** What a link restores: the prompts, the parameters, and the exact tokens of the answers. */
export interface SharedState {
  mode: Mode;
  model: string;
  draft: string;
  /** The system message of the chat. */
  system: string;
  /** What the answers of a chat must be, as a JSON Schema. */
  schema: string;
  /** Those of a decision. */
  questions: readonly Question[];
  turns: { text: string; seed: number; ids: number[] }[];
  fields: FieldTexts;
}

/** Tokens of one answer: more than any context window that fits into a Worker, and few enough not to block the page. */
const MAX_IDS = 2 ** 14;
/** Turns of one link, for the same reason. */
const MAX_TURNS = 256;
/** Prefix that keeps the names of parameters apart from the names of the link's own fields. */
const FIELD = 'p.';

/**
 * Writes the state as a URL fragment, which a browser does not send to the server. Token ids are written in base 36.
 */
export function toFragment({ mode, model, draft, system, schema, questions, turns, fields }: SharedState): string {
  const parameters = new URLSearchParams({ mode, model, draft });
  if (system !== '') parameters.set('system', system);
  if (schema !== '') parameters.set('schema', schema);
  for (const { ask, labels } of questions) {
    parameters.append('ask', ask);
    parameters.append('labels', labels);
  }
  for (const [name, text] of Object.entries(fields)) if (text !== '') parameters.set(FIELD + name, text);
  for (const { text, seed, ids } of turns) {
    parameters.append('text', text);
    parameters.append('seed', String(seed));
    parameters.append('ids', ids.map((id) => id.toString(36)).join('.'));
  }
  return parameters.toString();
}

/**
 * Reads the state out of a URL fragment. Returns null if {@link toFragment} did not make the fragment.
 * @throws Error if it is one and is damaged
 */
export function fromFragment(fragment: string): SharedState | null {
  const parameters = new URLSearchParams(fragment);
  const mode = parameters.get('mode');
  if (mode === null) return null;
  if (!isMode(mode)) throw new Error('this link has an unknown mode');
  const [asks, labels] = ['ask', 'labels'].map((name) => parameters.getAll(name));
  if (asks.length > MAX_QUESTIONS || labels.length !== asks.length) throw new Error('this link is damaged');
  const [texts, seeds, ids] = ['text', 'seed', 'ids'].map((name) => parameters.getAll(name));
  if (texts.length > MAX_TURNS || seeds.length !== texts.length || ids.length !== texts.length) throw new Error('this link is damaged');
  const fields = [...parameters].filter(([name]) => name.startsWith(FIELD)).map(([name, text]) => [name.slice(FIELD.length), text]);
  if (fields.some(([name, text]) => name !== 'stop' && Number.isNaN(Number(text)))) throw new Error('this link is damaged');
  return {
    mode,
    model: parameters.get('model') ?? '',
    draft: parameters.get('draft') ?? '',
    system: parameters.get('system') ?? '',
    schema: parameters.get('schema') ?? '',
    questions: asks.map((ask, index) => ({ ask, labels: labels[index] })),
    turns: texts.map((text, index) => ({ text, seed: whole(seeds[index], 10), ids: idList(ids[index]) })),
    fields: Object.fromEntries(fields),
  };
}

const isMode = (mode: string): mode is Mode => MODES.some((known) => known === mode);

function idList(text: string): number[] {
  const ids = text === '' ? [] : text.split('.');
  if (ids.length > MAX_IDS) throw new Error(`this link has more than ${MAX_IDS} tokens`);
  return ids.map((id) => whole(id, 36));
}

function whole(text: string, radix: number): number {
  const value = Number.parseInt(text, radix);
  if (!Number.isSafeInteger(value) || value.toString(radix) !== text) throw new Error('this link is damaged');
  return value;
}
