// Your own Worker calls gpt-edge through a service binding. Both run in one Miniflare, without any network.
import { localWorkerOptions, putModels } from 'gpt-edge/local';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { afterAll, beforeAll, expect, it } from 'vitest';

const script = `
  export default {
    async fetch(request, env) {
      const body = JSON.stringify({ prompt: await request.text(), max_tokens: 5, temperature: 0 });
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
      const { choices } = await (await env.GPT_EDGE.fetch('http://gpt-edge/v1/completions', init)).json();
      return new Response('The model says:' + choices[0].text);
    },
  };`;

let miniflare: Miniflare;
beforeAll(async () => {
  const mine = { name: 'mine', modules: true, script, serviceBindings: { GPT_EDGE: 'gpt-edge' } };
  const edge = await localWorkerOptions({ vars: { PUBLIC: 'true' } });
  miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [mine, edge], cf: false }));
  await putModels(miniflare); // the model that comes with gpt-edge
}, 60_000); // the first start bundles the Worker
afterAll(() => miniflare.dispose());

it('should answer with the text of the model', async () => {
  const answer = await miniflare.dispatchFetch('http://mine/', { method: 'POST', body: 'Once upon a time' });
  expect(await answer.text()).toBe('The model says:, there was a little');
});
