/** What came of a request of a batch: an answer, or why there is none. */
export type LineResult = { status: number; requestId: string; body: unknown } | { code: string; message: string };

/** A result as it is kept until the batch ends. */
export interface ResultLine {
  text: string;
  /** Whether it belongs into the file of errors. */
  isFailed: boolean;
}

/** Writes a line of an output file, in OpenAI's format. */
export function writeResultLine(customId: string, result: LineResult): ResultLine {
  const isAnswer = 'status' in result;
  const response = isAnswer ? { status_code: result.status, request_id: result.requestId, body: result.body } : null;
  const error = isAnswer ? null : result;
  const id = `batch_req_${crypto.randomUUID().replaceAll('-', '')}`;
  return { text: JSON.stringify({ id, custom_id: customId, response, error }), isFailed: !isAnswer || result.status >= 400 };
}
