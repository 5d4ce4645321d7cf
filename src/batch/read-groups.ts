import type { LineGroup } from './batch-state.ts';
import { LineChecker } from './lines/line-checker.ts';
import { LineFault } from './lines/line-fault.ts';
import type { BatchEndpoint } from './lines/request-line.ts';
import { textLines } from './lines/text-lines.ts';

/** Requests of a group. Its consumer answers half of them at a time, so that the engine has a full batch until the end. */
const GROUP_LINES = 32;
/** Bytes of a group beyond which no line is added: a consumer holds all of its lines. */
const GROUP_BYTES = 2 ** 20;

/**
 * Reads an input file, checks its lines, and puts those that lie side by side into groups.
 * @throws LineFault
 */
export async function* readGroups(
  stream: ReadableStream<Uint8Array>,
  endpoint: BatchEndpoint,
  maxLines: number,
): AsyncGenerator<LineGroup> {
  const checker = new LineChecker(maxLines);
  let count = 0;
  let group: { customIds: string[]; start: number; end: number } | undefined;
  const taken = (): LineGroup => {
    const { customIds, start, end } = group!;
    group = undefined;
    count += customIds.length;
    return { first: count - customIds.length, customIds, start, bytes: end - start };
  };
  for await (const line of textLines(stream)) {
    const { customId, url } = checker.check(line);
    if (url !== endpoint)
      throw new LineFault('mismatched_endpoint', line.number, `url is ${url}, and the batch's endpoint is ${endpoint}.`);
    if (group && (group.customIds.length === GROUP_LINES || line.end - group.start > GROUP_BYTES)) yield taken();
    group ??= { customIds: [], start: line.start, end: line.end };
    group.customIds.push(customId);
    group.end = line.end;
  }
  checker.end();
  if (group) yield taken();
}
