import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { PROJECT } from '../../src/local/project-paths.ts';
import { serveModels } from '../../src/local/serve-models.ts';

const SOURCE = join(PROJECT, 'test/golden/tiny-gpt2');
/** It shows functions by their names alone, and writes calls in a way of its own. */
const TOOL_USE = [
  '{% for tool in tools or [] %}{{ tool.function.name }}{% endfor %}',
  '{% for m in messages %}{{ m.content }}',
  '{% for c in m.tool_calls or [] %}<call>{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}</call>{% endfor %}',
  '{{ eos_token }}{% endfor %}',
].join('');
/** The templates of each model, as a Hugging Face folder has them: the name is a path. */
const MODELS: Record<string, Record<string, string>> = {
  'one-template': { 'chat_template.jinja': '{{ messages[0].content }}' },
  'with-tool-use': {
    'chat_template.jinja': '{{ messages[0].content }}',
    'additional_chat_templates/tool_use.jinja': TOOL_USE,
    'additional_chat_templates/rag.jinja': 'rag rag rag rag {{ messages[0].content }}',
  },
  'only-tool-use': { 'additional_chat_templates/tool_use.jinja': '{{ messages[0].content }}' },
};

describe('chat templates that are files, converted, pushed, and read from R2', () => {
  let folder: string;
  let worker: LocalWorker;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-templates-'));
    for (const [id, templates] of Object.entries(MODELS)) {
      const source = join(folder, 'sources', id);
      await cp(SOURCE, source, { recursive: true });
      await mkdir(join(source, 'additional_chat_templates'), { recursive: true });
      for (const [name, text] of Object.entries(templates)) await writeFile(join(source, name), text);
      await convertModel({ source, target: join(folder, id), id });
    }
    worker = await serveModels({ models: Object.keys(MODELS).map((id) => join(folder, id)) });
  });
  afterAll(async () => {
    await worker.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function post(path: string, body: object) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(new URL(path, worker.url), init);
    return { status: answer.status, body: await answer.json() };
  }
  const chat = (model: string, more: object = {}) =>
    post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hello there' }], max_tokens: 1, ...more });

  it('should be copied, the named ones under their names', async () => {
    const templates = async (id: string) => (await readdir(join(folder, id))).filter((name) => name.endsWith('.jinja')).sort();
    expect(await templates('one-template')).toEqual(['chat_template.jinja']);
    expect(await templates('with-tool-use')).toEqual(['chat_template.jinja', 'chat_template.rag.jinja', 'chat_template.tool_use.jinja']);
  });

  it.each(['one-template', 'with-tool-use'])('should render a conversation by the one for conversations: %s', async (model) => {
    const { body: text } = await post('/tokenize', { model, prompt: 'Hello there', add_special_tokens: false });
    for (const more of [{}, { tools: null }, { tools: [], tool_choice: 'none' }]) {
      const { status, body } = await chat(model, more);
      expect([status, body.usage?.prompt_tokens]).toEqual([200, text.count]);
    }
  });

  it('should render a conversation with tools by the one for tools, and no other', async () => {
    const { status, body } = await chat('only-tool-use');
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      code: 'chat_template_error',
      message: "The model's chat templates are named tool_use, and none is named default.",
    });
    const tools = [{ type: 'function', function: { name: 'add' } }];
    const { body: text } = await post('/tokenize', { model: 'with-tool-use', prompt: 'addHello there', add_special_tokens: false });
    const { body: answer } = await chat('with-tool-use', { tools, tool_choice: 'required', max_tokens: 40 });
    expect(answer.usage.prompt_tokens).toBe(text.count + 1);
    const [{ message, finish_reason }] = answer.choices;
    expect([message.tool_calls?.[0].function.name ?? 'add', message.content ?? '']).toEqual(['add', '']);
    expect(finish_reason).toMatch(/^(tool_calls|length)$/);
  });
});
