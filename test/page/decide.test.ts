import { describe, expect, it } from 'vitest';
import type { WireDecision } from '../../src/api/openai/schemas/decision-schema.ts';
import { percent } from '../../src/page/components/number-formats.ts';
import { chromiumPath } from '../browser/chromium.ts';
import { openPage } from './open-page.ts';
import { PlaygroundPage } from './playground-page.ts';
import { servedPage } from './served-page.ts';

const TEXT = 'Lily lost her red ball, and she was very sad.';

describe.skipIf(chromiumPath === null)('decisions on the page, in Chromium', () => {
  const served = servedPage();

  async function open(fragment = '') {
    const opened = await openPage(served.browser, served.worker.url.href + fragment, { viewport: { width: 1100, height: 900 } });
    await new PlaygroundPage(opened.page).ready();
    return opened;
  }

  it('should show bars of the probabilities that the API gives', async () => {
    const { page, complaints, close } = await open();
    await page.getByRole('radio', { name: 'Decide' }).check();
    await page.fill('#prompt', TEXT);
    await page.getByLabel('Question 1, or a statement').fill('How does Lily feel?');
    await page.getByLabel('Answers to question 1').fill('happy, sad, sad, very angry');
    await page.getByLabel('Question 2, or a statement').fill('Lily has a ball.');
    await page.getByLabel('Answers to question 2').fill('');
    await page.getByRole('button', { name: /^Decide/ }).click();
    await page.waitForSelector('.verdicts');
    const shown = await page
      .locator('.verdicts li')
      .evaluateAll((rows) =>
        rows.map((row) => [
          row.querySelector('.name')!.textContent,
          row.querySelector('.percent')!.textContent,
          row.style.getPropertyValue('--share'),
        ]),
      );
    const questions = [
      { type: 'choice', instructions: 'How does Lily feel?', choices: ['happy', 'sad', 'very angry'].map((value) => ({ value })) },
      { type: 'predicate', instructions: 'Lily has a ball.' },
    ];
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ input: TEXT, questions }) };
    const { answers } = (await (await fetch(new URL('/v1/decisions', served.worker.url), init)).json()) as WireDecision;
    const [choice, predicate] = answers;
    if (choice.type !== 'choice' || predicate.type !== 'predicate') throw new Error('other types');
    const expected = [
      ...choice.probabilities.map(({ value, probability }) => [value, probability] as const),
      ['true', predicate.probability] as const,
      ['false', 1 - predicate.probability] as const,
    ];
    expect(shown).toEqual(expected.map(([name, probability]) => [name, percent(probability), `${(probability * 100).toFixed(2)}%`]));
    expect(complaints).toEqual([]);
    await close();
  });

  it('should add and remove questions, calibrate, and keep all of it in a link and over a reload', async () => {
    const { page, close } = await open();
    await page.getByRole('radio', { name: 'Decide' }).check();
    await page.fill('#prompt', TEXT);
    await page.getByRole('button', { name: 'Add a question' }).click();
    await page.getByLabel('Question 3, or a statement').fill('Who is it?');
    await page.getByRole('button', { name: 'Remove question 1' }).click();
    await page.getByRole('button', { name: 'Share' }).click();
    const link = page.url();
    await page.getByLabel('Calibrate').check();
    const asked = page.waitForRequest('**/v1/decisions');
    await page.getByRole('button', { name: /^Decide/ }).click();
    expect((await asked).postDataJSON()).toMatchObject({ input: TEXT, gpt_edge: { calibrate: true } });
    await page.waitForSelector('.verdicts');
    await page.reload();
    await page.waitForSelector('.load.ready');
    expect(await page.getByLabel('Question 2, or a statement').inputValue()).toBe('Who is it?');
    await close();
    const shared = await open(link.slice(link.indexOf('#')));
    expect(await shared.page.getByRole('radio', { name: 'Decide' }).isChecked()).toBe(true);
    expect(await shared.page.inputValue('#prompt')).toBe(TEXT);
    expect(await shared.page.getByLabel('Question 2, or a statement').inputValue()).toBe('Who is it?');
    expect(await shared.page.locator('.question-fields').count()).toBe(2);
    await shared.close();
  });

  it('should say what is wrong with a text, and write the request as code', async () => {
    const { page, close } = await open();
    await page.getByRole('radio', { name: 'Decide' }).check();
    await page.getByRole('button', { name: 'Code' }).click();
    expect(await page.locator('dialog pre').textContent()).toContain('/v1/decisions');
    await page.locator('dialog').getByText('openai').click();
    await page.locator('dialog pre', { hasText: 'client.decisions.create({' }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.fill('#prompt', 'word '.repeat(600));
    await page.getByRole('button', { name: /^Decide/ }).click();
    await page.waitForSelector('#prompt-problem');
    expect(await page.locator('#prompt-problem').textContent()).toMatch(/maximum context length is 512/);
    await close();
  });
});

describe.skipIf(chromiumPath === null)('answers of a schema on the page, in Chromium', () => {
  const served = servedPage();

  it('should be drawn token by token, with what is forbidden greyed out among the alternatives', async () => {
    const { page, complaints, close } = await openPage(served.browser, served.worker.url.href, { viewport: { width: 1100, height: 1000 } });
    const playground = new PlaygroundPage(page);
    await playground.ready();
    await page.getByRole('radio', { name: 'Chat' }).check();
    await page.getByText('Schema of the answer').click();
    await page.fill('#schema', '{"type":');
    await page.fill('#prompt', 'Who is it?');
    await page.getByRole('button', { name: /^Send/ }).click();
    expect(await page.locator('#schema-problem').textContent()).toMatch(/cannot be read/);
    await page.fill(
      '#schema',
      '{"type":"object","properties":{"name":{"enum":["Tom","Lily"]}},"required":["name"],"additionalProperties":false}',
    );
    await page.getByRole('button', { name: /^Send/ }).click();
    await playground.finished();
    const text = (await page.locator('.flow').textContent())!.replaceAll('end of text', '').trim();
    expect(JSON.parse(text.replaceAll('↵', ''))).toEqual({ name: expect.stringMatching(/^(Tom|Lily)$/) });
    await page.locator('.token').first().click();
    await page.waitForSelector('.alternatives');
    expect(await page.locator('.alternatives .forbidden').count()).toBeGreaterThan(0);
    expect(await page.locator('.alternatives .current').isDisabled()).toBe(false);
    expect(await page.locator('.alternatives').textContent()).toContain('cannot be continued from another token');
    expect(await page.getByRole('button', { name: 'Continue' }).count()).toBe(0);
    expect(complaints).toEqual([]);
    await close();
  });

  it('should be cards where tools are called', async () => {
    const { page, complaints, close } = await openPage(served.browser, served.worker.url.href, { viewport: { width: 1100, height: 1000 } });
    const playground = new PlaygroundPage(page);
    await playground.ready();
    await page.getByRole('radio', { name: 'Chat' }).check();
    await page.getByText('Tools to call').click();
    await page.fill('#tools', '[');
    await page.fill('#prompt', 'Draw a cat.');
    await page.getByRole('button', { name: /^Send/ }).click();
    expect(await page.locator('#tools-problem').textContent()).toMatch(/^The list of tools cannot be read/);
    await page.fill('#tools', '');
    await page.locator('details:has(#tools)').getByRole('button', { name: 'Take the example' }).click();
    await page.getByRole('button', { name: /^Send/ }).click();
    await playground.finished();
    const card = page.locator('.call').first();
    expect(await card.locator('h3').textContent()).toBe('draw');
    expect(JSON.parse((await card.locator('pre').textContent())!)).toEqual({ animal: expect.stringMatching(/^(cat|dog|frog)$/) });
    const format = { type: 'grammar', grammar: { syntax: 'regex', definition: '(hi|bye)!' } };
    await page.fill('#tools', JSON.stringify([{ type: 'custom', custom: { name: 'say', format } }]));
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.fill('#prompt', 'Speak.');
    await page.getByRole('button', { name: /^Send/ }).click();
    await playground.finished();
    const said = page.locator('.call').last();
    expect(await said.locator('h3').textContent()).toBe('say');
    expect(await said.locator('pre').textContent()).toMatch(/^(hi|bye)!$/);
    expect(complaints).toEqual([]);
    await close();
  });
});
