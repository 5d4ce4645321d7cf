import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { SeededRandom } from '../generation/seeded-random.ts';

export interface CompletionBody {
  prompt: string;
  max_tokens: number;
  seed: number;
  n: number;
  stream: boolean;
}

/** A request for completions of any length, streamed or not. */
export const randomBody = (random: SeededRandom): CompletionBody => ({
  prompt: random.pick(['Once upon a time', 'Tom and his dog went to the park. '.repeat(1 + random.integer(12)), 'The sun']),
  max_tokens: 20 + random.integer(100),
  seed: random.integer(1e6),
  n: random.pick([1, 1, 1, 3]),
  stream: random.next() < 0.5,
});

/** What a client does that wants the texts of completions, and comes again when it is refused. */
export class CompletionCaller {
  readonly #url: URL;
  /** The answers of all requests so far. */
  readonly #answers = new Map<CompletionBody, string[][]>();

  /** @param origin of the Worker */
  constructor(origin: URL) {
    this.#url = new URL('/v1/completions', origin);
  }

  /** How many answers were kept for `expectLoneTexts`. */
  get answerCount(): number {
    return [...this.#answers.values()].flat().length;
  }

  /** Asks once. */
  post(body: CompletionBody, signal?: AbortSignal): Promise<Response> {
    return fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal });
  }

  /** Calls until there is room, as a refused client is told to. @returns the text of each choice */
  async untilAnswered(body: CompletionBody): Promise<string[]> {
    for (;;) {
      const answer = await this.post(body);
      if (answer.status === 200) return textsOf(answer, body);
      expect(answer.status).toBe(503);
      const seconds = Number(answer.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(0);
      expect(await answer.json()).toMatchObject({ error: { code: 'overloaded' } });
      await wait(seconds * 100);
    }
  }

  /** Calls until there is room, and keeps the texts for `expectLoneTexts`. */
  async callAmongOthers(body: CompletionBody): Promise<void> {
    const texts = await this.untilAnswered(body);
    this.#answers.set(body, [...(this.#answers.get(body) ?? []), texts]);
  }

  /** Compares what was kept with calls that are alone. */
  async expectLoneTexts(): Promise<void> {
    for (const [body, all] of this.#answers) {
      const alone = await this.untilAnswered(body);
      for (const texts of all) expect(texts, JSON.stringify(body)).toEqual(alone);
    }
  }
}

async function textsOf(answer: Response, { n, stream }: CompletionBody): Promise<string[]> {
  const texts = new Array<string>(n).fill('');
  if (!stream) {
    const { choices } = (await answer.json()) as { choices: { index: number; text: string }[] };
    for (const { index, text } of choices) texts[index] = text;
    return texts;
  }
  const events = (await answer.text()).split('\n\n').filter((line) => line !== '');
  expect(events.pop()).toBe('data: [DONE]');
  for (const event of events) for (const { index, text } of JSON.parse(event.slice(6)).choices) texts[index] += text;
  return texts;
}
