import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalWorker } from '../../src/local/local-worker.ts';
import { PACKAGE } from '../../src/local/project-paths.ts';
import { serveDefaultModel } from './serve-default-model.ts';

const run = promisify(execFile);
const EXAMPLES = join(PACKAGE, 'examples', 'structured');

const hasPackages = existsSync(join(PACKAGE, 'examples', 'node_modules', '@ai-sdk', 'openai'));
if (!hasPackages) console.warn('Skipped: the packages of the examples are not here. "npm ci --prefix examples" brings them.');

const python = process.env.PYTHON ?? 'python3';
const canImport = (...modules: string[]) =>
  run(python, ['-c', `import ${modules.join(', ')}`]).then(
    () => true,
    () => false,
  );
const hasPythonClients = await canImport('pydantic_ai', 'instructor', 'openai');
if (!hasPythonClients) console.warn('Skipped: "pip install pydantic-ai-slim[openai] instructor" brings the clients in Python.');
const hasCompliance = await canImport('llm_comply', 'jsonschema');
if (!hasCompliance) console.warn('Skipped: "pip install llm-comply jsonschema" brings the compliance suites.');

const ANIMAL = /^\{"kind":"(frog|dog|cat)","age":[1-9]\}$/;

describe('clients that want answers of a form, or calls', () => {
  let worker: LocalWorker;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    worker = await serveDefaultModel({ SAMPLING: 'temperature=0' });
    env = { ...process.env, GPT_EDGE_URL: worker.url.origin, PYTHONIOENCODING: 'utf8' };
  });
  afterAll(() => worker.stop());

  /** What a program prints: a value for each label. */
  async function printed(command: string, file: string): Promise<Map<string, string>> {
    const { stdout } = await run(command, [join(EXAMPLES, file)], { env });
    return new Map(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]),
    );
  }

  /** Expects these labels and no others, those of animals with one each. */
  function expectAnimals(lines: Map<string, string>, animals: string[], others: Record<string, RegExp>): void {
    expect([...lines.keys()].sort()).toEqual([...animals, ...Object.keys(others)].sort());
    for (const label of animals) expect(lines.get(label), label).toMatch(ANIMAL);
    for (const [label, pattern] of Object.entries(others)) expect(lines.get(label), label).toMatch(pattern);
  }

  it.skipIf(!hasPackages)("should be served if they are openai's helpers parse and runTools", async () => {
    const lines = await printed(process.execPath, 'openai.mjs');
    expectAnimals(lines, ['chat.completions.parse', 'responses.parse', 'parsed call'], { runTools: /^"The (frog|dog|cat) is full\."$/ });
  });

  it.skipIf(!hasPackages)("should be served if they are Vercel's AI SDK, with chats and with responses", async () => {
    const lines = await printed(process.execPath, 'vercel-ai-sdk.mjs');
    const called = /^\["feed","(frog|dog|cat)","The \1 is full\."\]$/;
    expectAnimals(lines, ['generateObject, chat', 'generateObject, responses', 'streamText, chat', 'streamText, responses'], {
      'generateText, chat': called,
      'generateText, responses': called,
      steps: /^\["tool-calls","(stop|length)"\]$/,
    });
  });

  it.skipIf(!hasPackages)('should be served if they are LangChain.js', async () => {
    const lines = await printed(process.execPath, 'langchain.mjs');
    const animals = ['withStructuredOutput, jsonSchema', 'withStructuredOutput, functionCalling', 'bindTools', 'streamed'];
    expectAnimals(lines, animals, { tool: /^"The (frog|dog|cat) is full\."$/ });
  });

  it.skipIf(!hasPythonClients)('should be served if they are pydantic-ai, instructor and openai in Python', async () => {
    const lines = await printed(python, 'pydantic_ai_and_instructor.py');
    const pydantic = ['Chat', 'Responses'].flatMap((api) =>
      ['NativeOutput', 'ToolOutput'].map((output) => `pydantic-ai, OpenAI${api}Model, ${output}`),
    );
    const others = ['instructor, JSON_SCHEMA', 'instructor, TOOLS', 'openai, chat.completions.parse', 'openai, responses.parse'];
    expectAnimals(lines, [...pydantic, ...others], {});
  });

  /** Tests of the suites that ask for something else: an image, and a refusal of requests that name no model. */
  const NOT_MET = ['error-handling', 'image-input'];

  it.skipIf(!hasCompliance).each(['open-responses', 'openai-chat'])('should be served as the suite %s demands', async (format) => {
    const given = ['-u', `${worker.url.origin}/v1`, '-m', 'tinystories-gpt2', '-k', 'none', '--format', format, '--json'];
    // It ends with an error if a test fails.
    const { stdout } = await run(python, ['-m', 'llm_comply.cli', ...given], { env }).catch((error: { stdout: string }) => error);
    const { results } = JSON.parse(stdout) as { results: { id: string; status: string; errors?: unknown }[] };
    expect(results.length).toBeGreaterThan(8);
    const failed = results.filter(({ status }) => status === 'failed').map(({ id }) => id.replace('chat-', ''));
    expect(failed.sort(), stdout).toEqual(NOT_MET);
  });
});
