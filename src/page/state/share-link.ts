import type { Mode } from './conversation.ts';
import type { FieldTexts } from './sampling-fields.ts';

/** All of what a link brings back: what was asked, with which options, and the very tokens that came. */
export interface SharedState {
  mode: Mode;
  model: string;
  draft: string;
  turns: { text: string; seed: number; ids: number[] }[];
  fields: FieldTexts;
}

/** More than any context window that fits a Worker holds; a link is not to keep the page busy. */
const MAX_IDS = 2 ** 14;
const MAX_TURNS = 256;
const FIELD = 'p.';

/** The state as a URL's fragment, which no server sees. Ids are in base 36. */
export function toFragment({ mode, model, draft, turns, fields }: SharedState): string {
  const parameters = new URLSearchParams({ mode, model, draft });
  for (const [name, text] of Object.entries(fields)) if (text !== '') parameters.set(FIELD + name, text);
  for (const { text, seed, ids } of turns) {
    parameters.append('text', text);
    parameters.append('seed', String(seed));
    parameters.append('ids', ids.map((id) => id.toString(36)).join('.'));
  }
  return parameters.toString();
}

/**
 * The state of a fragment; null where there is none.
 * @throws Error for one that cannot be read
 */
export function fromFragment(fragment: string): SharedState | null {
  const parameters = new URLSearchParams(fragment);
  const mode = parameters.get('mode');
  if (mode === null) return null;
  if (mode !== 'completion' && mode !== 'chat') throw new Error('this link names no kind of text that there is here');
  const [texts, seeds, ids] = ['text', 'seed', 'ids'].map((name) => parameters.getAll(name));
  if (texts.length > MAX_TURNS || seeds.length !== texts.length || ids.length !== texts.length) throw new Error('this link is damaged');
  const fields = [...parameters].filter(([name]) => name.startsWith(FIELD)).map(([name, text]) => [name.slice(FIELD.length), text]);
  if (fields.some(([name, text]) => name !== 'stop' && Number.isNaN(Number(text)))) throw new Error('this link is damaged');
  return {
    mode,
    model: parameters.get('model') ?? '',
    draft: parameters.get('draft') ?? '',
    turns: texts.map((text, index) => ({ text, seed: whole(seeds[index], 10), ids: idList(ids[index]) })),
    fields: Object.fromEntries(fields),
  };
}

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
