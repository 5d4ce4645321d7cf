import { expect, it } from 'vitest';
import { codeSamples } from '../../src/page/state/code-samples.ts';

it('should quote text for the shell, and write keys as JavaScript does', () => {
  const body = { prompt: 'it\'s "so": $HOME\n', max_tokens: 5, stop: ['"a": b'] };
  const [curl, fetchSample, openai] = codeSamples({ origin: 'http://edge', path: '/v1/completions', body });
  expect(curl.code).toBe(
    `curl -N http://edge/v1/completions -H 'content-type: application/json' \\\n  -d '{"prompt":"it'\\''s \\"so\\": $HOME\\n","max_tokens":5,"stop":["\\"a\\": b"],"stream":true}'`,
  );
  expect(fetchSample.code).toContain('    max_tokens: 5,\n    stop: [\n      "\\"a\\": b"\n    ]\n  }),');
  expect(openai.code).toContain('client.completions.create({\n  prompt: "it\'s \\"so\\": $HOME\\n",\n');
});
