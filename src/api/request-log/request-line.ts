import type { ErrorCode } from '../../core/errors.ts';

/** The log line of one request. Absent fields are not known, or mean nothing for it. */
export interface RequestLine {
  method: string;
  /** Without the query; cut where it is longer than any path of the API, which the `…` shows. */
  path: string;
  status: number;
  /** To the end of the answer, by the platform's clock, which stands still while code runs. */
  duration_ms: number;
  model?: string;
  prompt_tokens?: number;
  completion_tokens?: number;
  /** Where choices ended differently, each reason once, with commas between. */
  finish_reason?: string;
  stream?: true;
  /** The code of the error that was answered. */
  error?: ErrorCode;
  /** The client was gone before the end. */
  aborted?: true;
  request_id: string;
}

/** Writes a line as JSON, which Workers Logs takes apart by itself; the server's own failures as errors. */
export function writeRequestLine(line: RequestLine): void {
  console[line.status >= 500 || line.error === 'internal_error' ? 'error' : 'log'](JSON.stringify(line));
}
