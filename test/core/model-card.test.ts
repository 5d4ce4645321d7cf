import { describe, expect, it } from 'vitest';
import { parseModelCard } from '../../src/core/folder/model-card.ts';

const NO_EXAMPLES = { prompts: [], messages: [] };

describe('a model card', () => {
  it("should say what the model is for, under the headings of Hugging Face's template", () => {
    const text = `---\nlicense: mit\n---\n# A model\n\n## Uses\n\n<!-- Address questions. -->\n\n### Direct Use\n\nTelling **short** [stories](https://a.b/c).\nIn English.\n\n### Out-of-Scope Use\n\nFacts, \`code\`.\n`;
    expect(parseModelCard(text)).toEqual({ use: 'Telling short stories. In English.', limits: 'Facts, code.', examples: NO_EXAMPLES });
  });

  it.each([
    ['Intended uses & limitations', 'You can use it for text generation.', { use: 'You can use it for text generation.', limits: null }],
    ['Limitations', 'It can be wrong.', { use: null, limits: 'It can be wrong.' }],
    ['**Limitations and bias**', '- It can be wrong.\n- It is small.', { use: null, limits: 'It can be wrong. It is small.' }],
    ['How to use', 'Call it.', { use: null, limits: null }],
    ['Direct Use', '[More Information Needed]', { use: null, limits: null }],
    ['Direct Use', '```python\nimport model\n```', { use: null, limits: null }],
    ['Direct Use', '### Downstream Use', { use: null, limits: null }],
    ['Direct Use', '', { use: null, limits: null }],
  ])('should be read as other cards are written: %s, %j', (heading, paragraph, expected) => {
    for (const newline of ['\n', '\r\n'])
      expect(parseModelCard(`# M\n\n## ${heading}\n${paragraph}\n`.replaceAll('\n', newline))).toEqual({
        ...expected,
        examples: NO_EXAMPLES,
      });
  });

  it('should offer the examples of its widget', () => {
    const widget = `widget:
- text: Once upon a time
  example_title: Story
- text: "He said: \\"No\\""
- text: 'It''s'
- text: >
    folded
- text: ${'long '.repeat(100)}
- messages:
  - role: system
    content: Be brief.
  - role: user
    content: Say hello.
`;
    expect(parseModelCard(`---\nlicense: mit\n${widget}tags: [a]\ntext: not an example\n---\ntext: neither\n`).examples).toEqual({
      prompts: ['Once upon a time', 'He said: "No"', "It's"],
      messages: ['Say hello.'],
    });
  });

  it('should be cut after a sentence if it says much, and have few examples', () => {
    const card = parseModelCard(
      `---\nwidget:\n${'- text: a\n'.repeat(50)}---\n## Direct Use\n${'A sentence of words. '.repeat(50)}\n## Limitations\n${'x'.repeat(5000)}`,
    );
    expect(card.use).toMatch(/^A sentence.* words\. …$/);
    expect([card.use!.length < 500, card.limits!.length < 500, card.examples.prompts.length]).toEqual([true, true, 6]);
  });

  it.each(['', '---', '---\n---', '# Uses', '## Uses\n', 'widget:\n- text: a'])('should be empty if it says nothing: %j', (text) => {
    expect(parseModelCard(text)).toEqual({ use: null, limits: null, examples: NO_EXAMPLES });
  });

  it('should take time in proportion to its length, whatever it holds', () => {
    const seconds = (text: string) => {
      const start = performance.now();
      parseModelCard(text);
      return (performance.now() - start) / 1000;
    };
    for (const part of ['[', '[a](', '# Uses\n[', '**', '- ', ' ', '---\n', 'text: a\n', '## Uses\n## Uses ', '"'])
      expect(seconds(`---\nwidget:\n---\n## Uses\n${part.repeat(2 ** 20 / part.length)}`)).toBeLessThan(1);
  });
});
