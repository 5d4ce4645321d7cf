import { GptEdgeError } from '../../core/errors.ts';

/** Why a line of an input file is refused, in codes such as OpenAI's. */
export type LineFaultCode =
  | 'invalid_json_line'
  | 'invalid_custom_id'
  | 'duplicate_custom_id'
  | 'invalid_method'
  | 'invalid_url'
  | 'mismatched_endpoint'
  | 'invalid_body'
  | 'line_too_long'
  | 'too_many_lines'
  | 'empty_file';

/** What is wrong with a line of an input file, or with the file if there is no line to name. */
export class LineFault extends GptEdgeError {
  readonly fault: LineFaultCode;
  /** The line's number, from 1. */
  readonly line: number | null;

  constructor(fault: LineFaultCode, line: number | null, what: string) {
    super('invalid_value', line === null ? what : `Line ${line}: ${what}`, { param: 'file' });
    this.fault = fault;
    this.line = line;
  }
}
