import { expect, it } from 'vitest';
import { Turnstile } from '../../src/api/access/turnstile.ts';

/** Cloudflare is not reachable from here: its answer is a local one, in the form that it documents. */
function turnstileThat(answers: () => Promise<Response>) {
  const asked: { url: string; body: unknown }[] = [];
  const verify: typeof fetch = async (url, init) => {
    asked.push({ url: String(url), body: JSON.parse(String(init?.body)) });
    return answers();
  };
  return { turnstile: new Turnstile('site', 'secret', verify), asked };
}

it('should exchange a solved challenge for a pass that counts for its address alone', async () => {
  const { turnstile, asked } = turnstileThat(async () => Response.json({ success: true }));
  const { pass, expires } = await turnstile.exchange('token', '192.0.2.1');
  expect(asked).toEqual([
    {
      url: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
      body: { secret: 'secret', response: 'token', remoteip: '192.0.2.1' },
    },
  ]);
  expect(expires).toBeGreaterThan(Date.now());
  await turnstile.check(pass, '192.0.2.1');
  await expect(turnstile.check(pass, '192.0.2.2')).rejects.toMatchObject({ code: 'unauthorized' });
  await expect(
    turnstile.check(
      pass.replace(/\d+/, (digits) => String(Number(digits) + 1)),
      '192.0.2.1',
    ),
  ).rejects.toThrow(/challenge/);
  await expect(turnstile.check(undefined, '192.0.2.1')).rejects.toThrow(/challenge/);
  await expect(new Turnstile('site', 'another secret').check(pass, '192.0.2.1')).rejects.toThrow(/challenge/);
});

it('should refuse a token that Cloudflare does not confirm, and say when it cannot be asked', async () => {
  const refusing = turnstileThat(async () => Response.json({ success: false, 'error-codes': ['timeout-or-duplicate'] }));
  await expect(refusing.turnstile.exchange('token', '192.0.2.1')).rejects.toMatchObject({ code: 'unauthorized' });
  const odd = turnstileThat(async () => new Response('null'));
  await expect(odd.turnstile.exchange('token', '192.0.2.1')).rejects.toMatchObject({ code: 'unauthorized' });
  const broken = turnstileThat(async () => new Response('<html>'));
  await expect(broken.turnstile.exchange('token', '192.0.2.1')).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
});
