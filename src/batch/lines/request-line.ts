import { excerpt } from '../../core/excerpt.ts';
import { LineFault } from './line-fault.ts';
import type { TextLine } from './text-lines.ts';

/** The endpoints whose requests a batch may have. */
export const BATCH_ENDPOINTS = ['/v1/completions', '/v1/chat/completions', '/v1/embeddings'] as const;
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number];

/** Characters of a `custom_id`. All of a file's are held while it is checked. */
const MAX_CUSTOM_ID_LENGTH = 256;

/** A request of a batch. */
export interface RequestLine {
  customId: string;
  url: BatchEndpoint;
  body: Record<string, unknown>;
}

/**
 * Reads a line of an input file, in OpenAI's format:
 * `{"custom_id": "…", "method": "POST", "url": "/v1/completions", "body": {…}}`. What is wrong with the body's fields is
 * the endpoint's to say.
 * @throws LineFault
 */
export function readRequestLine({ text, number }: Pick<TextLine, 'text' | 'number'>): RequestLine {
  const refuse = (fault: LineFault['fault'], what: string) => new LineFault(fault, number, what);
  const line = parseObject(text);
  if (line === undefined) throw refuse('invalid_json_line', 'it is not a JSON object.');
  const { custom_id: customId, method, url, body } = line;
  if (typeof customId !== 'string' || customId === '' || customId.length > MAX_CUSTOM_ID_LENGTH)
    throw refuse('invalid_custom_id', `custom_id must be a text of 1 to ${MAX_CUSTOM_ID_LENGTH} characters${said(customId)}.`);
  if (method !== 'POST') throw refuse('invalid_method', `method must be "POST"${said(method)}.`);
  if (!BATCH_ENDPOINTS.includes(url as BatchEndpoint))
    throw refuse('invalid_url', `url must be one of ${BATCH_ENDPOINTS.join(', ')}${said(url)}.`);
  if (!isObject(body)) throw refuse('invalid_body', `body must be an object${said(body)}.`);
  if (body.stream === true) throw refuse('invalid_body', 'body.stream must not be true: a batch has no streams.');
  return { customId, url: url as BatchEndpoint, body };
}

const said = (value: unknown): string => (value === undefined ? ', but it is missing' : `, not ${excerpt(JSON.stringify(value))}`);

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
