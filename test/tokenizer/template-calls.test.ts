import { describe, expect, it } from 'vitest';
import type { CallSyntax } from '../../src/core/call-syntax.ts';
import { ChatTemplate } from '../../src/tokenizer/chat-template.ts';
import { finish } from '../../src/tokenizer/pace.ts';
import { templateCalls } from '../../src/tokenizer/template-calls.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';

const SPECIAL = ['<|end|>', '[CALLS]', '<sep>', '<user>', '<bot>'];
const [END, CALLS, SEP] = SPECIAL.map((_, id) => id);
const tokenizer = new TextTokenizer(
  parseTokenizerJson(
    new TextEncoder().encode(
      JSON.stringify({
        model: {
          type: 'WordLevel',
          vocab: { ...Object.fromEntries(SPECIAL.map((content, id) => [content, id])), '<unk>': 5 },
          unk_token: '<unk>',
        },
        added_tokens: SPECIAL.map((content, id) => ({
          id,
          content,
          special: true,
          single_word: false,
          lstrip: false,
          rstrip: false,
          normalized: false,
        })),
        pre_tokenizer: null,
        normalizer: null,
        post_processor: null,
        decoder: { type: 'ByteLevel' },
      }),
    ),
  ),
);

/** A template that writes messages as usual, and the calls of an assistant in a way of its own. */
const templateOf = (calls: string, { tools = '{% for tool in tools or [] %}{{ tool | tojson }}{% endfor %}', check = '' } = {}) =>
  `${tools}{% for m in messages %}{{ '<user>' if m.role != 'assistant' else '<bot>' }}${check}{{ m.content }}{% if m.tool_calls %}${calls}{% endif %}<|end|>\n{% endfor %}`;

const each = (text: string) => `{% for c in m.tool_calls %}${text}{% endfor %}`;
const HERMES = each(
  `{% if not loop.first %}{{ "\\n" }}{% endif %}<tool_call>\\n{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\\n</tool_call>`,
).replaceAll('\\n', '\n');

const found = (template: string) => finish(templateCalls(ChatTemplate.from({ chat_template: template })!, tokenizer, [END]));

describe('the syntax of calls', () => {
  it.each<[string, string, CallSyntax]>([
    [
      'tags',
      templateOf(HERMES),
      {
        marker: ['<tool_call>'],
        opening: ['\n{"name": "'],
        middle: ['", "arguments": '],
        separator: ['}\n</tool_call>\n<tool_call>\n{"name": "'],
        closing: ['}\n</tool_call>'],
      },
    ],
    [
      'a special token and a list, with ids',
      templateOf(
        `[CALLS] [${each(`{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}, "id": "{{ c.id }}"}{% if not loop.last %}, {% endif %}`)}] `,
      ),
      { marker: [CALLS], opening: [' [{"name": "'], middle: ['", "arguments": '], separator: ['}, {"name": "'], closing: ['}]'] },
    ],
    [
      'one call and no marker',
      templateOf(
        `{% if m.tool_calls | length != 1 %}{{ raise_exception('one call') }}{% endif %}${each('{"name": "{{ c.function.name }}", "parameters": {{ c.function.arguments | tojson }}}')}`,
      ),
      { marker: null, opening: ['{"name": "'], middle: ['", "parameters": '], separator: null, closing: ['}'] },
    ],
    [
      'special tokens between',
      templateOf(each('[CALLS]{{ c.function.name }}<sep>{{ c.function.arguments | tojson }}')),
      { marker: [CALLS], opening: [], middle: [SEP], separator: [CALLS], closing: [] },
    ],
  ])('should be that of the template: %s', (_, template, syntax) => {
    expect(found(template)).toEqual({ syntax, takesText: false, hasShortIds: false });
  });

  it('should take arguments as text if the template wants that', () => {
    const template = templateOf(
      each(`<call>{{ '{"name": "' + c.function.name + '", "arguments": ' + c.function.arguments + '}' }}</call>`),
    );
    expect(found(template)).toMatchObject({ takesText: true, syntax: { marker: ['<call>'], closing: ['}</call>'] } });
  });

  it('should have short ids if the template refuses longer ones', () => {
    const check = `{% for c in m.tool_calls or [] %}{% if c.id | length != 9 %}{{ raise_exception('nine') }}{% endif %}{% endfor %}`;
    expect(found(templateOf(HERMES, { check }))).toMatchObject({ hasShortIds: true });
  });

  it.each([
    ['shows no functions', templateOf(HERMES, { tools: '' })],
    ['writes no calls', templateOf('')],
    [
      'writes arguments otherwise than in JSON',
      templateOf(each('<call>{{ c.function.name }}{% for k, v in c.function.arguments | items %}{{ k }}={{ v }}{% endfor %}</call>')),
    ],
    [
      'writes the name after the arguments',
      templateOf(each('{"arguments": {{ c.function.arguments | tojson }}, "name": "{{ c.function.name }}"}')),
    ],
    [
      'writes ids that models would have to know',
      templateOf(each('<call>{{ c.id }} {{ c.function.name }}{{ c.function.arguments | tojson }}</call>')),
    ],
    [
      'refuses results',
      `{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no') }}{% endif %}{% endfor %}${templateOf(HERMES)}`,
    ],
  ])('should be unknown if the template %s', (_, template) => {
    expect(found(template)).toBe(null);
  });
});
