import type { BatchService } from '../../batch/batch-service.ts';
import { KEPT_MS, type StoredFile } from '../../batch/files/file-store.ts';
import type { R2Writer } from '../../batch/files/r2-writer.ts';
import { newId } from '../../batch/ids.ts';
import { LineChecker } from '../../batch/lines/line-checker.ts';
import { LineCutter } from '../../batch/lines/text-lines.ts';
import { GptEdgeError } from '../../core/errors.ts';
import { excerpt } from '../../core/excerpt.ts';
import { within } from '../../core/within.ts';
import { invalidRequest } from '../http/errors.ts';
import { type FormPart, fieldText, formParts } from '../http/form-parts.ts';
import { unreadableBody } from '../http/json-body.ts';
import { uploadFieldsSchema } from './schemas/file-schema.ts';

/** Bytes of a form beside its file. */
const MAX_FORM_BYTES = 65_536;
const FIELDS = ['purpose', 'expires_after[anchor]', 'expires_after[seconds]'];

/**
 * Receives an upload as it arrives: no more than a part of it is in memory at any time, and its lines are checked on
 * the way to the bucket.
 * @throws GptEdgeError `invalid_value`, which names the first line that is wrong; `request_too_large`
 */
export async function receiveFile(request: Request, owner: string, { files, caps }: BatchService): Promise<StoredFile> {
  await files.checkRoom(owner);
  const id = newId('file-');
  const writer = files.write(id);
  const body = limited(request, caps.maxBytes);
  try {
    const fields = await readForm(formParts(body, request.headers.get('content-type') ?? ''), writer, caps.maxLines);
    const { purpose, filename: name, expires_after } = checkFields(fields);
    await writer.finish();
    const created = Date.now();
    const keptMs = expires_after ? expires_after.seconds * 1000 : KEPT_MS;
    const file = { id, name, purpose, bytes: writer.bytes, created, expires: created + keptMs };
    await files.enter(owner, file);
    return file;
  } catch (error) {
    await writer.abort();
    // Many clients read an answer only when they have sent everything.
    for await (const _rest of body);
    throw error;
  }
}

/** Reads all fields, and writes the file where it stands among them. */
async function readForm(parts: AsyncIterable<FormPart>, writer: R2Writer, maxLines: number): Promise<Map<string, string>> {
  const fields = new Map<string, string>();
  for await (const part of parts) {
    const { name, filename } = part;
    if (name === 'file') {
      if (fields.has('filename')) throw new GptEdgeError('invalid_value', 'The form has two files.', { param: 'file' });
      await writeLines(part.bytes, writer, maxLines);
      fields.set('filename', filename ?? '');
    } else if (FIELDS.includes(name)) fields.set(name, await fieldText(part));
    else throw new GptEdgeError('unknown_parameter', `Unknown field ${excerpt(name)}.`, { param: excerpt(name) });
  }
  return fields;
}

async function writeLines(bytes: AsyncIterable<Uint8Array>, writer: R2Writer, maxLines: number): Promise<void> {
  const cutter = new LineCutter();
  const checker = new LineChecker(maxLines);
  for await (const chunk of bytes) {
    for (const line of cutter.push(chunk)) checker.check(line);
    await writer.write(chunk);
  }
  for (const line of cutter.end()) checker.check(line);
  checker.end();
}

function checkFields(fields: Map<string, string>) {
  const [anchor, seconds] = [fields.get('expires_after[anchor]'), fields.get('expires_after[seconds]')];
  if (!fields.has('filename'))
    throw new GptEdgeError('invalid_value', 'Invalid file: expected a file, but it is missing', { param: 'file' });
  const parsed = uploadFieldsSchema.safeParse({
    purpose: fields.get('purpose'),
    filename: fields.get('filename'),
    ...(anchor === undefined && seconds === undefined ? {} : { expires_after: { anchor, seconds } }),
  });
  if (!parsed.success) throw invalidRequest(parsed.error);
  return parsed.data;
}

/** Milliseconds that an upload may stand still. Whoever sends it byte by byte holds a request open for nothing. */
const MAX_PAUSE_MS = 30_000;

/**
 * The bytes of a body. They can be read on after a reader has stopped, unless there are too many of them, or they do not
 * come.
 */
function limited({ body, headers, signal }: Request, maxBytes: number): AsyncIterable<Uint8Array> {
  const most = maxBytes + MAX_FORM_BYTES;
  const tooLarge = () => new GptEdgeError('request_too_large', `The upload has more than ${maxBytes} bytes.`, { param: 'file' });
  if (body === null) return (async function* () {})();
  const reader = body.getReader();
  const isTooLong = Number(headers.get('content-length') ?? 0) > most;
  let length = 0;
  let failure: unknown;
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const { done, value } = await within(reader.read(), MAX_PAUSE_MS, stoodStill);
    length += value?.length ?? 0;
    if (done) return { done: true, value: undefined };
    if (length > most || isTooLong) throw tooLarge();
    return { done: false, value };
  };
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (failure !== undefined) throw failure;
        try {
          return await next();
        } catch (cause) {
          failure = cause instanceof GptEdgeError || signal.aborted ? cause : unreadableBody(cause);
          throw failure;
        }
      },
    }),
  };
}

const stoodStill = () => new GptEdgeError('timeout', `The upload stood still for over ${MAX_PAUSE_MS} ms.`);
