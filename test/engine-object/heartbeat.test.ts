import { describe, expect, it } from 'vitest';
import { AnswerNotes } from '../../src/api/openai/answer-notes.ts';
import { withHeartbeat } from '../../src/engine-object/silence.ts';
import { FRAME, FrameReader, frameOf } from '../../src/engine-object/slice-frames.ts';
import { LiveAnswer } from '../../src/engine-object/slice-live.ts';
import { CpuAllowance } from '../../src/generation/cpu-allowance.ts';

const HEARTBEAT_MS = 10;

/** An answer that makes a pause of some heartbeats before each of its pieces. */
function slow(pieces: readonly (string | Uint8Array)[], type: string): Response {
  const left = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece));
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5 * HEARTBEAT_MS));
      const next = left.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': type } });
}

describe('withHeartbeat', () => {
  it('should say in a stream of events, with comments, that more is to come', async () => {
    const text = await withHeartbeat(slow(['data: 1\n\n', 'data: 2\n\n'], 'text/event-stream; charset=utf-8'), HEARTBEAT_MS).text();
    expect(text).toMatch(/^(:\n\n)+data: 1\n\n(:\n\n)+data: 2\n\n(:\n\n)*$/);
  });

  it('should say before JSON, with white space, that it is to come, and nothing within it', async () => {
    const text = await withHeartbeat(slow(['\n', '{"text": "a', ' b"}'], 'application/json'), HEARTBEAT_MS).text();
    expect(text).toMatch(/^\n{3,}\{"text": "a b"\}$/);
  });

  it('should leave an answer of known length and any other type as they are', async () => {
    const page = slow(['a'], 'text/html');
    expect(withHeartbeat(page, HEARTBEAT_MS)).toBe(page);
    const whole = new Response('{}', { headers: { 'content-type': 'application/json', 'content-length': '2' } });
    expect(withHeartbeat(whole, HEARTBEAT_MS)).toBe(whole);
  });
});

describe('LiveAnswer', () => {
  it('should send empty frames while there is nothing else to send', async () => {
    const answer = slow(['a', 'b'], 'text/plain');
    const live = new LiveAnswer(Promise.resolve(answer), {
      allowance: new CpuAllowance(1000, { isRenewable: true }),
      notes: new AnswerNotes(),
      onEnd: () => {},
      abort: () => {},
      heartbeatMs: HEARTBEAT_MS,
    });
    const bytes = new Uint8Array(await live.slice().arrayBuffer());
    const frames = new FrameReader().push(bytes);
    expect(frames.length).toBe(live.framesSent);
    const beats = frames.filter(({ type, note, data }) => type === FRAME.note && note.length + data.length === 0);
    expect(beats.length).toBeGreaterThan(2);
    const rest = frames.filter((frame) => !beats.includes(frame));
    expect(rest.map(({ type }) => type)).toEqual([FRAME.head, FRAME.data, FRAME.data, FRAME.end]);
    expect(frameOf(FRAME.note)).toHaveLength(9);
  });
});
