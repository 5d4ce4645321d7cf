import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { EdgeClient } from '../../src/local/edge-client.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** A client of a server that gives every request the same answer. */
async function clientOf(status: number, type: string, body: string): Promise<EdgeClient> {
  server = createServer((_, answer) => answer.writeHead(status, { 'content-type': type }).end(body));
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new EdgeClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

it.each([
  [200, 'text/html', 'An app of my own.'],
  [404, 'text/plain', 'Not found'],
  [500, 'text/html', '<h1>Error</h1>'],
  [502, 'application/json', '{"status": "bad"}'],
  [200, 'application/json', 'null'],
  [500, 'application/json', '{"error":'],
])('should say that what answers with %i, %s and %j is not gpt-edge', async (status, type, body) => {
  const client = await clientOf(status, type, body);
  const said = { name: 'GptEdgeError', code: 'command_failed', message: expect.stringContaining('does not answer as gpt-edge does') };
  await expect(client.countTokens('Once')).rejects.toMatchObject(said);
  await expect(client.complete({ prompt: 'Once' }).next()).rejects.toMatchObject(said);
  await expect(client.model('a')).rejects.toMatchObject(said);
});

it('should say that nothing answers', async () => {
  await expect(new EdgeClient('http://127.0.0.1:1').countTokens('Once')).rejects.toThrow('http://127.0.0.1:1 does not answer.');
});

it("should pass gpt-edge's own errors on", async () => {
  const client = await clientOf(400, 'application/json', '{"error": {"message": "prompt: too long"}}');
  await expect(client.countTokens('Once')).rejects.toMatchObject({ code: 'command_failed', message: 'prompt: too long' });
});
