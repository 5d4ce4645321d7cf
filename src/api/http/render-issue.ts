import type { z } from '@hono/zod-openapi';
import { GptEdgeError } from '../../core/errors.ts';
import { UNSUPPORTED_FIELDS } from '../openai/schemas/openai-fields.ts';

type Issue = z.core.$ZodIssue;

/** `messages[0].content` */
const fieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
    '',
  );

/** zod's own messages without the beginning that says "Invalid" once more. */
const complaint = ({ message }: Issue): string =>
  message.replace(/^Invalid (input|option): /, '').replace(/, received undefined$/, ', but it is missing');

/** The first thing that a schema finds wrong with a request, naming the field. */
export function renderIssue(error: { issues: readonly Issue[] }): GptEdgeError {
  const [issue] = error.issues;
  const param = fieldPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const name = fieldPath([...issue.path, issue.keys[0]]);
    return UNSUPPORTED_FIELDS.has(issue.keys[0])
      ? new GptEdgeError('unsupported_parameter', `gpt-edge does not support ${name}.`, { param: name })
      : new GptEdgeError('unknown_parameter', `Unknown field ${name}.`, { param: name });
  }
  return new GptEdgeError('invalid_value', `Invalid ${param || 'request body'}: ${complaint(issue)}`, { param: param || undefined });
}
