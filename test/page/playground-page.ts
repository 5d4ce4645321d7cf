import type { Page } from 'playwright-core';

/** What a reader of the playground does, and sees. */
export class PlaygroundPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** The model has answered. */
  ready = () => this.#page.waitForSelector('.load.ready');

  /** The text is whole: the figures of its run are there. */
  whole = () => this.#page.waitForSelector('.figures');

  async generate(fields: Record<string, string> = {}): Promise<void> {
    await this.ready();
    for (const [name, text] of Object.entries(fields)) await this.#page.fill(`#${name}`, text);
    await this.#page.getByRole('button', { name: /^(Generate|Send)/ }).click();
    await this.whole();
  }

  /** Ids of the tokens of an answer. */
  ids = (answer = 0): Promise<number[]> =>
    this.#page
      .locator('.flow')
      .nth(answer)
      .locator('.token')
      .evaluateAll((tokens) => tokens.map((token) => Number(token.dataset.id)));

  /** What the chosen token was drawn from: names and probabilities as they are read. */
  async alternatives(): Promise<{ name: string; percent: string }[]> {
    await this.#page.waitForSelector('.alternatives');
    return this.#page.locator('.alternatives button').evaluateAll((rows) =>
      rows.map((row) => ({
        name: row.querySelector('.name')!.textContent!,
        percent: row.querySelector('.percent')!.textContent!,
      })),
    );
  }

  /** Takes the alternative of this rank, and waits until the text has gone on from there. */
  async take(rank: number): Promise<void> {
    await this.#page.waitForSelector('.alternatives');
    await this.#page.locator('.alternatives button').nth(rank).click();
    await this.#page.waitForSelector('.alternatives', { state: 'detached' });
    await this.whole();
  }

  /** Whether the page is wider than its window, once it is drawn. */
  async isTooWide(): Promise<boolean> {
    await this.#page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return this.#page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  }
}
