import type { BatchEnding, BatchState, LineGroup } from './batch-state.ts';
import type { BatchTable } from './batch-table.ts';
import type { FileStore } from './files/file-store.ts';
import { type ResultLine, writeResultLine } from './lines/result-line.ts';

/** Why a request has no answer when its batch has ended. */
const UNANSWERED: Record<BatchEnding, { code: string; message: string }> = {
  completed: { code: 'batch_request_failed', message: 'The request has no answer.' },
  expired: { code: 'batch_expired', message: 'The request was not answered before the batch expired.' },
  cancelled: { code: 'batch_cancelled', message: 'The request was not answered before the batch was cancelled.' },
};

/**
 * Writes a batch's results into its two files, in the order of its requests: answers into the output file, and errors
 * into the error file, with a line for each request that was not answered. So each request has one line in one of them.
 * @returns how many lines each has, and which files there are
 */
export async function writeResults(
  { id, owner, outputFileId, errorFileId, outputKeptMs }: BatchState,
  ending: BatchEnding,
  table: BatchTable,
  files: FileStore,
): Promise<Pick<BatchState, 'completed' | 'failed' | 'outputFileId' | 'errorFileId'>> {
  const output = new ResultFile(files, outputFileId!, `${id}_output.jsonl`);
  const errors = new ResultFile(files, errorFileId!, `${id}_error.jsonl`);
  for (const first of table.groupNames())
    for (const line of linesOf(table.group(first)!, table, ending)) await (line.isFailed ? errors : output).write(line.text);
  return {
    ...{ completed: output.lines, failed: errors.lines },
    outputFileId: await output.finish(owner, outputKeptMs),
    errorFileId: await errors.finish(owner, outputKeptMs),
  };
}

function linesOf(group: LineGroup, table: BatchTable, ending: BatchEnding): ResultLine[] {
  const results = table.results(group);
  return group.customIds.map((customId, index) => results.get(index) ?? writeResultLine(customId, UNANSWERED[ending]));
}

/** A file of results, which exists if it has a line. */
class ResultFile {
  lines = 0;
  readonly #files: FileStore;
  readonly #id: string;
  readonly #name: string;
  readonly #writer: ReturnType<FileStore['write']>;
  readonly #encoder = new TextEncoder();

  constructor(files: FileStore, id: string, name: string) {
    this.#files = files;
    this.#id = id;
    this.#name = name;
    this.#writer = files.write(id);
  }

  async write(text: string): Promise<void> {
    this.lines++;
    await this.#writer.write(this.#encoder.encode(`${text}\n`));
  }

  async finish(owner: string, keptMs: number): Promise<string | null> {
    if (this.lines === 0) return null;
    await this.#writer.finish();
    const created = Date.now();
    const { bytes } = this.#writer;
    await this.#files.enter(owner, { id: this.#id, name: this.#name, purpose: 'batch_output', bytes, created, expires: created + keptMs });
    return this.#id;
  }
}
