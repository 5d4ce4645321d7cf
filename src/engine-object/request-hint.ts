import { responseOfItem } from '../api/openai/item-id.ts';
import { objectOfSession } from './session-id.ts';

/** What the beginning of a request's JSON says about where the request should go. */
export interface RequestHint {
  /** The model that it names, if the beginning has got so far. */
  readonly model?: string;
  /** Equal for requests that begin alike, and so can use what was computed for each other. */
  readonly key: string;
  /** The id of a stored response that it goes on with, or refers to. */
  readonly stored?: string;
}

/** Characters of a text that count as its beginning: about those of one block of the KV cache. */
const TEXT_BEGINNING = 64;
/** Characters of a conversation, up to the end of the user's first message, and of a `prompt_cache_key`. */
const MAX_KEY = 1024;

/** The fields that a model reads first. */
const TEXT_FIELDS = new Set(['prompt', 'messages', 'input', 'text']);

/**
 * Finds the model and what identifies a conversation, without parsing the whole: a request may be long, and whoever
 * only passes it on has little time. The key is `prompt_cache_key`, or else the conversation's beginning. A
 * conversation has the same key at each of its turns, since the user's first message stays where it is. Invalid JSON
 * gives any hint: whoever parses it all will refuse it.
 * @param text the request's JSON, or its beginning
 * @param mayGoOn whether it may go on with what is stored, which any of its fields may say
 */
export function requestHint(text: string, mayGoOn = false): RequestHint {
  let previous: string | undefined;
  let model: string | undefined;
  let cacheKey: string | undefined;
  let conversation = '';
  for (const { name, start, end } of fieldsOf(text)) {
    if (name === 'previous_response_id') previous = stringAt(text, start, end) ?? previous;
    else if (name === 'model') model = stringAt(text, start, end) ?? model;
    else if (name === 'prompt_cache_key') cacheKey = stringAt(text, start, end)?.slice(0, MAX_KEY) ?? cacheKey;
    else if (TEXT_FIELDS.has(name) && conversation === '') conversation = text.slice(start, beginningOf(text, start, end));
    if (model !== undefined && cacheKey !== undefined && !mayGoOn) break;
  }
  const stored = mayGoOn ? (previous ?? referredResponse(text)) : undefined;
  return { model, key: cacheKey === undefined ? `text:${conversation}` : `key:${cacheKey}`, ...(stored && { stored }) };
}

/** The response that has the first item that is named by its id. */
function referredResponse(text: string): string | undefined {
  if (!text.includes('"item_reference"')) return undefined;
  for (const [, id] of text.matchAll(ITEM_ID)) {
    const response = responseOfItem(id);
    if (response && objectOfSession(response)) return response;
  }
  return undefined;
}

const ITEM_ID = /"id"[ \t\r\n]*:[ \t\r\n]*"((?:msg|fc|ctc|item)_[A-Za-z0-9_-]{33,512})"/g;

/** A conversation begins with all up to the end of the user's first message; any other text, with its first characters. */
function beginningOf(text: string, start: number, end: number): number {
  if (text[start] !== '[' || text[skipSpace(text, start + 1)] !== '{') return Math.min(end, start + TEXT_BEGINNING);
  const most = Math.min(end, start + MAX_KEY);
  for (let at = skipSpace(text, start + 1); text[at] === '{' && at < most; ) {
    const messageEnd = skipValue(text, at);
    if (USER.test(text.slice(at, messageEnd))) return Math.min(messageEnd, most);
    at = skipSpace(text, messageEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return most;
}

const USER = /"role"[ \t\r\n]*:[ \t\r\n]*"user"/;

interface Field {
  readonly name: string;
  /** Where its value begins, and where it ends or the text does. */
  readonly start: number;
  readonly end: number;
}

/** The fields of the object that a text begins with, as far as the text goes. */
function* fieldsOf(text: string): Generator<Field> {
  let at = skipSpace(text, 0);
  if (text[at] !== '{') return;
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const nameEnd = skipString(text, at);
    const name = stringAt(text, at, nameEnd);
    at = skipSpace(text, nameEnd);
    if (name === undefined || text[at] !== ':') return;
    const start = skipSpace(text, at + 1);
    const end = skipValue(text, start);
    if (end <= start) return;
    yield { name, start, end };
    at = skipSpace(text, end);
    if (text[at] !== ',') return;
    at = skipSpace(text, at + 1);
  }
}

/** The string between two places; undefined if another value stands there, or the string does not end. */
function stringAt(text: string, start: number, end: number): string | undefined {
  if (text[start] !== '"' || end - start < 2 || text[end - 1] !== '"') return undefined;
  try {
    return JSON.parse(text.slice(start, end)) as string;
  } catch {
    return undefined;
  }
}

const SPACE = /[ \t\r\n]*/y;
const SCALAR = /[^ \t\r\n,[\]{}"]*/y;
const TO_BRACKET_OR_STRING = /[^"[\]{}]*/y;

const skip = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex;
};

const skipSpace = (text: string, at: number): number => skip(SPACE, text, at);

/** The place behind a string's closing quote, or the end of the text. */
function skipString(text: string, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let escapes = 0;
    while (text[quote - 1 - escapes] === '\\') escapes++;
    if (escapes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** The place behind a value, or the end of the text. */
function skipValue(text: string, start: number): number {
  if (text[start] === '"') return skipString(text, start);
  if (text[start] !== '{' && text[start] !== '[') return skip(SCALAR, text, start);
  let depth = 0;
  for (let at = start; at < text.length; ) {
    at = skip(TO_BRACKET_OR_STRING, text, at);
    const character = text[at];
    if (character === '"') at = skipString(text, at);
    else {
      at++;
      depth += character === '{' || character === '[' ? 1 : -1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}
