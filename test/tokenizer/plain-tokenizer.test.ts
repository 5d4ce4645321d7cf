import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { CompactBpe } from '../../src/tokenizer/bpe/compact-bpe.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import type { TokenizerConfig } from '../../src/tokenizer/tokenizer-json.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { tokenizerJson } from './default-tokenizer.ts';
import { libraryTokenizer } from './library-tokenizer.ts';
import { plainTextTokenizer } from './plain-text-tokenizer.ts';
import { sampleTexts } from './sample-texts.ts';
import { readTokenizer, tokenizerFolders } from './tokenizer-folders.ts';
import { parsed, type WholeTokenizerJson } from './whole-tokenizer-json.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

/**
 * Compares the ids of sample texts, of each token's spelling and text by themselves, and of sentences made of
 * spellings. It also compares the texts of all ids.
 */
function expectEqual(json: WholeTokenizerJson, config: TokenizerConfig, count = 150): void {
  const [ours, library] = [plainTextTokenizer(parsed(json)), libraryTokenizer(json, config)];
  const whole = new TextTokenizer({ ...parsed(json), added_tokens: [] });
  const random = new SeededRandom(41);
  const spellings = Object.keys(json.model.vocab as Record<string, number>);
  const ids = [...spellings.keys()];
  const sentences = random.list(count, () => random.text(spellings, random.integer(20)));
  const texts = [...sampleTexts(random, count), ...spellings, ...ids.map((id) => whole.label(id)), ...sentences];
  const isDifferent = (text: string) => ours.encode(text).join() !== library.encode(text).join();
  expect(texts.filter((text) => text !== '' && isDifferent(text))).toEqual([]);
  expect([...ids, ids.length, 1e6].filter((id) => ours.spelling(id) !== library.spelling(id))).toEqual([]);
  const read = texts.map((text) => ours.encode(text));
  // Outside of byte fallback, the library loses byte order marks.
  const withoutMark = (text: string) => text.replaceAll('\ufeff', '');
  expect(read.filter((part) => withoutMark(whole.decode(part)) !== withoutMark(library.decode(part)))).toEqual([]);
}

describe.each(['model-assets', 'test/golden'].flatMap((root) => tokenizerFolders(join(REPOSITORY, root))))('%s', (folder) => {
  it('should equal the library', () => {
    const { json, config } = readTokenizer(folder);
    expect(parsed(json).model).toBeInstanceOf(CompactBpe);
    expectEqual(json, config);
  });
});

/** The tokenizers of whole models, as published and as converted: see test/convert/shared-models.test.ts. */
const MODELS = join(process.env.GPT_EDGE_MODELS ?? '', 'models');
const hasModels = process.env.GPT_EDGE_MODELS !== undefined && existsSync(MODELS);
describe.skipIf(!hasModels)('larger tokenizers (skipped without GPT_EDGE_MODELS)', () => {
  let target: string;
  beforeAll(async () => {
    target = await mkdtemp(join(tmpdir(), 'gpt-edge-tokenizers-'));
  });
  afterAll(() => rm(target, { recursive: true, force: true }));

  it.each(hasModels ? tokenizerFolders(MODELS).map((folder) => relative(MODELS, folder)) : [])(
    'should equal the library for %s',
    (folder) => {
      const { json, config } = readTokenizer(join(MODELS, folder));
      expect(parsed(json).model).toBeInstanceOf(CompactBpe);
      expectEqual(json, config, 600);
    },
  );

  const sources = ['stories260k/stories260K.bin', 'smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf'];
  it.each(sources.filter((source) => existsSync(join(MODELS, source))))('should equal the library for %s, converted', async (source) => {
    const path = join(target, source.replaceAll('/', '-'));
    await convertModel({ source: join(MODELS, source), target: path });
    const { json, config } = readTokenizer(path);
    expect(parsed(json).model).toBeInstanceOf(CompactBpe);
    expectEqual(json, config, 600);
  });
});

describe('very long words', () => {
  const tokenizer = plainTextTokenizer(parsed(tokenizerJson));

  // A merge in quadratic time would exceed the test's time limit.
  it.each(['a', 'he', 'theinar', '日😀'])('should be encoded in O(n log n): %s', (piece) => {
    const [word, part] = [piece.repeat(500_000 / piece.length), piece.repeat(2000)];
    const ids = tokenizer.encode(word);
    expect(ids.slice(0, 1000)).toEqual(tokenizer.encode(part).slice(0, 1000));
    expect(ids.reduce((sum, id) => sum + tokenizer.spelling(id).length, 0)).toBe(new TextEncoder().encode(word).length);
  });
});
