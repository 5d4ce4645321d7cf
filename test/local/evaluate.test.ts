import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { evaluateText } from '../../src/local/evaluate/evaluate-text.ts';
import { type EvaluatedModel, openEvaluatedModel } from '../../src/local/evaluate/evaluated-model.ts';
import { exactLogSumExp, ScoreSums } from '../../src/local/evaluate/score-sums.ts';
import { textWindows } from '../../src/local/evaluate/text-windows.ts';
import { DEFAULT_MODEL } from '../../src/local/project-paths.ts';
import { runCli } from '../cli/run-cli.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const STORY = 'One day, Tom saw a big red ball in the park. He ran to it and kicked it to his friend Sue. They were happy.';

interface Reference {
  readonly prompts: readonly { text: string; with_bos: boolean; prompt_logprobs: readonly (number | null)[] }[];
  readonly chats: readonly { rendered: string; prompt_logprobs: readonly (number | null)[] }[];
}

const ON_ORT = { engine: 'ort', cacheFormat: 'auto' } as const;
let folder: string;
let model: EvaluatedModel;
let tiny: string;
/** Texts that start a document, with transformers' log-probability of each token but the first. */
let references: { text: string; logprobs: number[] }[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-eval-'));
  model = await openEvaluatedModel(DEFAULT_MODEL, ON_ORT);
  tiny = join(folder, 'tiny');
  await convertModel({ source: join(GOLDEN, 'tiny-gpt2'), target: tiny });
  const { prompts, chats }: Reference = JSON.parse(await readFile(join(GOLDEN, 'tinystories-gpt2/reference.json'), 'utf8'));
  const documents = prompts.filter((prompt) => prompt.with_bos);
  references = [...documents, ...chats.map(({ rendered, ...chat }) => ({ text: rendered, ...chat }))].map(({ text, prompt_logprobs }) => ({
    text,
    logprobs: prompt_logprobs.slice(1).map(Number),
  }));
});
afterAll(async () => {
  await model?.decoder.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe('evaluateText', () => {
  // onnxruntime-web computes in float32; the edge engine's activations are 16 bits, and a token's log-probability up
  // to 3e-4 off.
  it.each([
    { engine: 'ort', digits: 4 },
    { engine: 'edge', digits: 3 },
  ] as const)("should give the reference's log-probabilities on $engine, whether the text spells its BOS or not", async (given) => {
    const { engine, digits } = given;
    const evaluated = engine === 'ort' ? model : await openEvaluatedModel(DEFAULT_MODEL, { engine, cacheFormat: 'f32' });
    expect(evaluated.decoder.engine).toMatch(engine);
    expect(references.length).toBeGreaterThan(3);
    for (const { text, logprobs } of references) {
      const { tokens, bytes, model: prediction } = await evaluateText(evaluated, text);
      const nats = -logprobs.reduce((sum, logprob) => sum + logprob, 0);
      expect(tokens).toBe(logprobs.length);
      expect(bytes).toBe(text.replace(/^<\|endoftext\|>/, '').length);
      expect(prediction.natsPerToken).toBeCloseTo(nats / tokens, digits);
      expect(prediction.perplexity).toBeCloseTo(Math.exp(nats / tokens), 2);
      expect(prediction.bitsPerByte).toBeCloseTo(nats / Math.LN2 / bytes, digits);
    }
    if (evaluated !== model) await evaluated.decoder.dispose();
  });

  it('should score a text longer than the window, each token after at least half a window', async () => {
    const text = STORY.repeat(20);
    const ids = [0, ...model.tokenizer.encode(text)];
    const progress: number[][] = [];
    const { tokens, contextWindow, model: prediction } = await evaluateText(model, text, { onProgress: (...done) => progress.push(done) });
    expect([tokens, contextWindow]).toEqual([ids.length - 1, 512]);
    expect(ids.length).toBeGreaterThan(513);
    expect(ids.length).toBeLessThan(769);
    expect(progress).toEqual([
      [512, tokens],
      [tokens, tokens],
    ]);
    // The same two windows by hand: tokens 1 to 512, then the rest from token 256 on.
    const first = await natsOf(ids.slice(0, 513), 1);
    const rest = await natsOf(ids.slice(256), 513 - 256);
    expect(prediction.natsPerToken).toBeCloseTo((first + rest) / tokens, 5);
  });

  /** -ln p of the tokens from `firstScored` on, computed in one call. */
  async function natsOf(ids: readonly number[], firstScored: number): Promise<number> {
    const logits = await model.decoder.createSequence().forward(ids.slice(0, -1), ids.length - 1);
    const row = (index: number) => logits.subarray(index * 4096, (index + 1) * 4096);
    return ids.reduce((sum, id, index) => (index < firstScored ? sum : sum + exactLogSumExp(row(index - 1)) - row(index - 1)[id]), 0);
  }

  it('should find no difference between a model and itself', async () => {
    const { against, klDivergence, top1Agreement, ...own } = await evaluateText(model, STORY, { against: model });
    expect(against).toEqual(own.model);
    expect(klDivergence).toBe(0);
    expect(top1Agreement).toBe(1);
  });

  it('should free the KV caches of both models after every window', async () => {
    let made = 0;
    let held = 0;
    const createSequence = () => {
      const sequence = model.decoder.createSequence();
      const dispose = sequence.dispose.bind(sequence);
      made++;
      held++;
      sequence.dispose = () => {
        held--;
        dispose();
      };
      return sequence;
    };
    const watched = { ...model, decoder: { ...model.decoder, createSequence } };
    await evaluateText(watched, STORY.repeat(20), { against: watched });
    expect([made, held]).toEqual([4, 0]);
  });

  it('should score models apart whose tokens differ, each by its own', async () => {
    const other = await openEvaluatedModel(tiny, ON_ORT);
    const apart = await evaluateText(model, STORY, { against: other });
    const [own, alone] = [await evaluateText(model, STORY), await evaluateText(other, STORY)];
    expect(apart).toEqual({
      ...own,
      against: alone.model,
      againstTokens: alone.tokens,
      tokenDifference: 'their vocabularies have 4096 and 128 tokens',
    });
    const renamed = { ...model, tokenizer: other.tokenizer };
    expect((await evaluateText(model, STORY, { against: renamed })).tokenDifference).toMatch(/^token \d+ differs$/);
    await other.decoder.dispose();
  });

  it('should refuse a text without tokens', async () => {
    await expect(evaluateText(model, '')).rejects.toMatchObject({ code: 'invalid_value', param: 'text' });
  });
});

describe('ScoreSums', () => {
  it('should sum what two distributions give by hand', () => {
    const sums = new ScoreSums();
    const logits = (...probabilities: number[]) => Float32Array.from(probabilities, (p) => Math.log(p) + 3);
    sums.add(1, logits(0.5, 0.25, 0.25), logits(0.25, 0.5, 0.25));
    sums.add(0, logits(0.5, 0.25, 0.25), logits(0.5, 0.25, 0.25));
    expect(sums).toMatchObject({ tokens: 2, agreements: 1 });
    expect(sums.nats).toBeCloseTo(3 * Math.LN2, 5);
    expect(sums.againstNats).toBeCloseTo(2 * Math.LN2, 5);
    // Σ p ln(p / q) = 0.25 ln 0.5 + 0.5 ln 2
    expect(sums.divergence).toBeCloseTo(0.25 * Math.LN2, 5);
  });
});

describe('textWindows', () => {
  it.each([
    [2, 8],
    [9, 8],
    [10, 8],
    [100, 8],
    [100, 7],
    [20, 1],
    [1000, 512],
  ])('should score each of %i tokens once from windows of %i', (tokens, contextWindow) => {
    const windows = textWindows(tokens, contextWindow);
    const scored = windows.flatMap(({ firstScored, end }) => Array.from({ length: end - firstScored }, (_, index) => firstScored + index));
    expect(scored).toEqual(Array.from({ length: tokens - 1 }, (_, index) => index + 1));
    for (const { start, firstScored, end } of windows) {
      expect(end - 1 - start).toBeLessThanOrEqual(contextWindow);
      expect(firstScored - start).toBeGreaterThanOrEqual(start === 0 ? 1 : contextWindow / 2);
    }
  });
});

describe('gpt-edge eval', () => {
  it('should print a table, and JSON when asked for', async () => {
    const text = join(folder, 'story.txt');
    const q4 = join(folder, 'q4');
    await writeFile(text, STORY);
    const source = join(GOLDEN, 'tiny-gpt2');
    expect(await runCli(['convert', source, q4, '--dtype', 'q4', '--embeddings', 'q4', '--context', '64', '--id', 'small'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('q4, 0.'),
    });
    const table = await runCli(['eval', q4, '--text', text, '--against', tiny]);
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(
      new RegExp(
        [
          '^\\d+ tokens, 107 bytes of text, windows of 64 tokens',
          ' +small q4 on edge-f32 +tiny-gpt2 fp32 on edge-f32 +difference',
          'nats per token( +\\d+\\.\\d{4}){2} +[+-]\\d\\.\\d{4}',
          'perplexity( +\\d+\\.\\d{3}){2} +[+-]\\d+\\.\\d{3}',
          'bits per byte( +\\d+\\.\\d{4}){2} +[+-]\\d\\.\\d{4}',
          'KL divergence 0\\.\\d{5} nats per token',
          'same most probable token for [\\d.]+ %\\n$',
        ].join('\\n'),
      ),
    );
    const json = await runCli(['eval', tiny, '--text', text, '--json']);
    expect(Object.keys(JSON.parse(json.stdout))).toEqual(['model', 'tokens', 'bytes', 'contextWindow']);
  });

  it.each([
    ['a text that does not exist', () => 'nowhere.txt', /nowhere\.txt cannot be opened: /],
    ['a text that is not UTF-8', () => join(folder, 'latin1.txt'), /latin1\.txt is not UTF-8 text/],
  ])('should end with one line and code 1 for %s', async (_, path, message) => {
    await writeFile(join(folder, 'latin1.txt'), Uint8Array.of(0x61, 0xe9, 0x61));
    const { code, stderr } = await runCli(['eval', tiny, '--text', path()]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
