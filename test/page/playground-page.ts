import type { Page } from 'playwright-core';

/** What a reader does on the playground's page, and what the reader sees there. */
export class PlaygroundPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Waits until the model has answered. */
  ready = () => this.#page.waitForSelector('.load.ready');

  /** Waits until a generation has ended, which is when its figures are shown. */
  finished = () => this.#page.waitForSelector('.figures');

  async generate(fields: Record<string, string> = {}): Promise<void> {
    await this.ready();
    for (const [name, text] of Object.entries(fields)) await this.#page.fill(`#${name}`, text);
    await this.#page.getByRole('button', { name: /^(Generate|Send)/ }).click();
    await this.finished();
  }

  /** Ids of an answer's tokens. */
  ids = (answer = 0): Promise<number[]> =>
    this.#page
      .locator('.flow')
      .nth(answer)
      .locator('.token')
      .evaluateAll((tokens) => tokens.map((token) => Number(token.dataset.id)));

  /** The alternatives to the selected token: names and probabilities as the page shows them. */
  async alternatives(): Promise<{ name: string; percent: string }[]> {
    await this.#page.waitForSelector('.alternatives');
    return this.#page.locator('.alternatives button').evaluateAll((rows) =>
      rows.map((row) => ({
        name: row.querySelector('.name')!.textContent!,
        percent: row.querySelector('.percent')!.textContent!,
      })),
    );
  }

  /** Chooses the alternative of this rank, and waits until the text that continues from there has ended. */
  async chooseAlternative(rank: number): Promise<void> {
    await this.#page.waitForSelector('.alternatives');
    await this.#page.locator('.alternatives button').nth(rank).click();
    await this.#page.waitForSelector('.alternatives', { state: 'detached' });
    await this.finished();
  }

  /** Whether the page is wider than its window, after it has been drawn. */
  async isTooWide(): Promise<boolean> {
    await this.#page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
    return this.#page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  }
}
