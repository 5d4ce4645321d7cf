import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { serveDefaultModel } from './serve-default-model.ts';

let worker: LocalWorker;
beforeAll(async () => {
  worker = await serveDefaultModel();
});
afterAll(() => worker.stop());

/** Sends bytes as they are, closes this side, and returns all that comes back. */
function sendRaw(header: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port: Number(worker.url.port), host: worker.url.hostname, allowHalfOpen: true }).on('error', reject);
    socket.on('data', (bytes) => {
      answer += bytes;
      if (answer.endsWith('}}')) socket.destroy();
    });
    socket.on('close', () => resolve(answer));
    socket.end(`POST /v1/completions HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n${header}\r\n\r\n${body}`);
  });
}

it.each([
  ['transfer-encoding: chunked', 'zz\r\n{"a"\r\n0\r\n\r\n'],
  ['transfer-encoding: chunked', '5\r\n{"pro\r\nffffffffffffffffffff\r\n'],
  ['transfer-encoding: chunked', '5\r\n{"promXX\r\n0\r\n\r\n'],
  ['transfer-encoding: chunked', '4\r\n{"pr'],
  ['content-length: 100', '{"prompt"'],
])('should answer a body that is not well-formed (%s, %j) with 400', async (header, body) => {
  const answer = await sendRaw(header, body);
  expect(answer).toMatch(/^HTTP\/1.1 400 /);
  expect(answer).toContain('"code":"invalid_json"');
});
