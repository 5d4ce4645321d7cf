import { expect, it } from 'vitest';
import { bucketInTime } from '../../src/batch/files/bucket-in-time.ts';
import type { FileBucket } from '../../src/batch/files/file-bucket.ts';
import { textLines } from '../../src/batch/lines/text-lines.ts';

const UNAVAILABLE = { code: 'storage_unavailable', retryAfterSeconds: 1 };
const never = () => new Promise<never>(() => {});

it('should give up what a bucket does not do in time, whatever that is', async () => {
  const upload = { uploadPart: never, complete: never, abort: never };
  const still = { put: never, head: never, get: never, list: never, delete: never, createMultipartUpload: async () => upload };
  const bucket = bucketInTime(still as FileBucket, 5);
  const parts = await bucket.createMultipartUpload('key');
  const asked = [
    bucket.put('key', ''),
    bucket.head('key'),
    bucket.get('key'),
    bucket.list({ prefix: '' }),
    bucket.delete('key'),
    parts.uploadPart(1, new Uint8Array()),
    parts.complete([]),
    parts.abort(),
  ];
  for (const answer of await Promise.allSettled(asked)) expect(answer).toMatchObject({ status: 'rejected', reason: UNAVAILABLE });
});

it('should give up a body that stands still, and take one that is only slow', async () => {
  const body = (isWhole: boolean) =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        controller.enqueue(new TextEncoder().encode('{"a": 1}\n'));
        if (isWhole) controller.close();
        else await never();
      },
    });
  const read = async (isWhole: boolean) => {
    const bucket = bucketInTime({ get: async () => ({ size: 9, body: body(isWhole) }) } as unknown as FileBucket, 100);
    const { body: lines } = (await bucket.get('key'))!;
    const texts: string[] = [];
    for await (const { text } of textLines(lines)) texts.push(text);
    return texts;
  };
  expect(await read(true)).toEqual(['{"a": 1}']);
  await expect(read(false)).rejects.toMatchObject(UNAVAILABLE);
});
