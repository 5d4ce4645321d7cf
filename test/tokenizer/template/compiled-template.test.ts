import { describe, expect, it } from 'vitest';
import { finish } from '../../../src/tokenizer/pace.ts';
import { CompiledTemplate, TemplateRefusal } from '../../../src/tokenizer/template/compiled-template.ts';
import { TemplateLimitError } from '../../../src/tokenizer/template/template-limit-error.ts';
import reference from '../../golden/chat-templates.json' with { type: 'json' };

const TOKENS = { bos_token: '<s>', eos_token: '</s>' };
const { messages } = reference;

function render(template: string, variables: Record<string, unknown> = {}) {
  return finish(
    new CompiledTemplate(template).render({ variables: { messages, tools: null, documents: null, ...variables }, tokens: TOKENS }),
  );
}

/** The rendered text with a dot for each character that the template did not write. */
function written(template: string, variables?: Record<string, unknown>): string {
  const { value, written } = render(template, variables);
  return Array.from({ length: value.length }, (_, place) => {
    const isWritten = written.some((start, index) => index % 2 === 0 && start <= place && place < written[index + 1]);
    return isWritten ? value[place] : '·';
  }).join('');
}

describe('a rendered template', () => {
  it.each(reference.renderings)('should be what Jinja2 makes of $template', ({ template, rendered }) => {
    expect(render(template).value).toBe(rendered);
  });

  it('should hand on what the template says against its input', () => {
    expect(() => render("{{ raise_exception('No.') }}")).toThrow(new TemplateRefusal('No.'));
  });
});

describe('where the characters of a rendered template came from', () => {
  const user = { x: 'aB c', list: ['u', 'v'] };
  it.each([
    ['[{{ x }}]', '[····]'],
    ["{{ '<' + x ~ '>' }}", '<····>'],
    ['{{ bos_token }}{{ x | upper }}{{ eos_token | trim }}', '<s>····</s>'],
    ["{{ x.replace('B', '-T-') }}", '·-T-··'],
    ["{{ ('A' + x).split('B')[0] }}|{{ ('A' + x)[1:3] }}", 'A·|··'],
    ["{{ list | join('+') }}", '·+·'],
    ["{{ [x, 'T'] | join(x) }}", '········T'],
    ['{% for i in list %}({{ i }}){% endfor %}', '(·)(·)'],
    ['{% macro m(t) %}<{{ t }}>{% endmacro %}{{ m(x) }}{{ m("T") }}', '<····><T>'],
    ['{% set t %}T{{ x }}{% endset %}{{ t.strip() }}', 'T····'],
    ['{% set n = namespace(t="") %}{% for i in list %}{% set n.t = n.t + "T" + i %}{% endfor %}{{ n.t }}', 'T·T·'],
    // An operation that is not followed makes all of it count as not written.
    ["{{ 'abc' | title }}", '···'],
    ['{{ 12 }}', '··'],
  ])('should be known for %s', (template, expected) => {
    expect(written(template, user)).toBe(expected);
  });
});

describe('a template that asks for too much', () => {
  const long = 'a'.repeat(1_000_000);
  const doubled = (start: string) => `{% set n = namespace(v=${start}) %}{% for i in range(60) %}`;
  it.each([
    ['a range', '{% for i in range(1000000000) %}x{% endfor %}'],
    ['loops within loops', '{% for i in range(3000) %}{% for j in range(3000) %}x{% endfor %}{% endfor %}'],
    ['a text that doubles', `${doubled("'ab'")}{% set n.v = n.v ~ n.v %}{% endfor %}`],
    ['a list that doubles', `${doubled('[1]')}{% set n.v = n.v + n.v %}{% endfor %}`],
    ['a list of itself', `${doubled('[1]')}{% set n.v = [n.v, n.v] %}{% endfor %}{{ n.v }}`],
    ['a list of itself as JSON', `${doubled('[1]')}{% set n.v = [n.v, n.v] %}{% endfor %}{{ n.v | tojson }}`],
    ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['a wide indentation', "{{ 'a' | indent(1000000000, true) }}"],
    ['a wide indentation of JSON', '{{ messages | tojson(indent=1000000000) }}'],
    ['a long replacement', "{{ long.replace('a', long) }}"],
    ['a long date format', '{{ strftime_now(long) }}'],
    ['a long separator', '{{ messages | map(attribute="role") | join(long) }}{{ [1] * 3 }}', 'error'],
    ['searching a long text again and again', "{% for i in range(9999) %}{{ 'zz' in long }}{% endfor %}"],
    ['printing a long text again and again', '{% for i in range(9999) %}{{ long }}{% endfor %}'],
  ])('should be stopped: %s', (_, template, kind = 'limit') => {
    expect(() => render(template, { long })).toThrow(kind === 'limit' ? TemplateLimitError : Error);
  });

  it('should be stopped within one expression or macro, where nothing else runs', () => {
    const loop = '{% for i in range(1000) %}{% for j in range(2) %}x{% endfor %}{% endfor %}';
    expect(render(loop).value.length).toBe(2000);
    expect(() => render(`{% macro m() %}${loop}{% endmacro %}{{ m() }}`)).toThrow('takes more than 25000 steps in one expression or macro');
  });

  it.each([
    ['too long', 'x'.repeat(2 ** 18 + 1)],
    ['nested too deep', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`],
  ])('should be refused when it is read: %s', (_, template) => {
    expect(() => new CompiledTemplate(template)).toThrow(Error);
  });

  it('should leave room for a thousand messages', () => {
    const many = Array.from({ length: 1000 }, (_, index) => ({ role: index % 2 ? 'assistant' : 'user', content: 'Hello there' }));
    const template =
      "{% for m in messages %}{% if m.role == 'user' %}{{ '<u>' + m.content | trim + '</u>' }}{% else %}{{ m.content.strip() }}{{ eos_token }}{% endif %}{% endfor %}";
    expect(render(template, { messages: many }).value.length).toBe(1000 * 11 + 500 * 7 + 500 * 4);
  });
});

describe('the steps of a rendering', () => {
  const many = Array.from({ length: 1000 }, () => ({ role: 'user', content: 'Hello there' }));

  it.each([
    "{% for m in messages %}{{ '<u>' + m.content + '</u>' }}{% endfor %}",
    "{% if true %}{% set t %}{% for m in messages %}{{ '<u>' ~ m.content ~ '</u>' }}{% endfor %}{% endset %}{{ t }}{% endif %}",
    "{% for m in messages if m.role == 'user' %}<u>{{ m.content }}</u>{% else %}none{% endfor %}",
  ])('should be many: %s', (template) => {
    const steps = new CompiledTemplate(template).render({ variables: { messages: many }, tokens: TOKENS });
    const sizes: number[] = [];
    for (;;) {
      const { done, value } = steps.next();
      if (done) {
        expect(value.value).toBe('<u>Hello there</u>'.repeat(1000));
        break;
      }
      sizes.push(value);
    }
    expect(sizes.length).toBeGreaterThan(4);
    expect(Math.max(...sizes)).toBeLessThan(10_000);
  });

  it('should keep what a block has printed before a loop is left', () => {
    const template =
      '{% for i in range(4) %}{% if i == 1 %}a{% continue %}{% endif %}{% if i == 3 %}b{% break %}{% endif %}{{ i }}{% endfor %}';
    expect(render(template).value).toBe('0a2b');
  });
});
