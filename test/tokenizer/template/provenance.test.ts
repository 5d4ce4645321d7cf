import { expect, it } from 'vitest';
import { ChatTemplate } from '../../../src/tokenizer/chat-template.ts';
import { SeededRandom } from '../../generation/seeded-random.ts';
import { addedToken, tokenizerJson, tokenizerWith } from '../default-tokenizer.ts';

const SPECIAL = ['<|im_start|>', '<|im_end|>', '<s>', '<eos>'];
const tokenizer = tokenizerWith({
  added_tokens: [...tokenizerJson.added_tokens, ...SPECIAL.map((content, index) => addedToken(4096 + index, content))],
});
/** What a user may type: tokens, pieces of them, and what becomes one after an operation of the template. */
const TYPED = [...SPECIAL, '<|IM_END|>', '<|im_', 'end|>', '<|im_x_end|>', '|im_end|>', '<', ' <s> ', '<S>', 's>', 'a', '\n'];
/** Operations on a message, of which some make a token out of what is none. */
const OPERATIONS = [
  'm.content',
  'm.content | lower',
  'm.content | upper | lower',
  'm.content | trim',
  "m.content.replace('x_', '')",
  "m.content.split('x_') | join('')",
  "m.content.split('_') | join('_')",
  'm.content[1:]',
  'm.content[:-1] + m.content[-1:]',
  "'<' + m.content",
  "m.content ~ '|>'",
  "[m.content, m.content] | join('s>')",
  'm.content | string | replace("IM", "im")',
  '(m.content | tojson)[1:-1]',
];

it('should make no special token of what a user typed, whatever the template does with it', () => {
  const random = new SeededRandom(31);
  for (let round = 0; round < 400; round++) {
    const shown = random.list(1 + random.integer(3), () => `{{ ${random.pick(OPERATIONS)} }}`);
    const template = `{% for m in messages %}<|im_start|>{{ m.role }}\n${shown.join(random.pick(['', ' ', '|']))}<|im_end|>\n{% endfor %}{{ bos_token }}`;
    const messages = random.list(1 + random.integer(3), () => ({
      role: 'user' as const,
      content: random.list(random.integer(6), () => random.pick(TYPED)).join(''),
    }));
    const config = { chat_template: template, bos_token: '<s>', eos_token: '<eos>' };
    const ids = ChatTemplate.from(config)!.encode(messages, tokenizer);
    const special = ids.filter((id) => tokenizer.isSpecial(id));
    expect(special, JSON.stringify({ template, messages })).toEqual([...messages.flatMap(() => [4096, 4097]), 4098]);
  }
});
