import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { type BpeTokenizerJson, cutTokenizer, keptTokens } from '../../src/convert/tokenizers/cut-tokenizer.ts';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';
import { TextTokenizer } from '../../src/tokenizer/text-tokenizer.ts';
import { parseTokenizerJson } from '../../src/tokenizer/tokenizer-json.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { sampleTexts } from '../tokenizer/sample-texts.ts';
import { writeTinyGgufs } from './write-tiny-ggufs.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const ASSETS = join(import.meta.dirname, '../../model-assets/tinystories-gpt2/tokenizer.json');
const open = (json: unknown) => new TextTokenizer(parseTokenizerJson(new TextEncoder().encode(JSON.stringify(json))));
/** The bytes of each piece that a text is cut into. */
const pieces = (tokenizer: TextTokenizer, text: string) => tokenizer.encode(text).map((id) => tokenizer.bytes(id).join());

/** Tokenizers of both kinds: byte-level, and SentencePiece's with a fallback to bytes. */
const TOKENIZERS: Record<string, () => Promise<BpeTokenizerJson>> = {
  'tinystories-gpt2, byte-level': async () => JSON.parse(await readFile(ASSETS, 'utf8')),
  'tiny-gpt2, byte-level': async () => JSON.parse(await readFile(join(GOLDEN, 'tiny-gpt2/tokenizer.json'), 'utf8')),
  'one with a fallback to bytes': async () =>
    JSON.parse(await readFile(join(GOLDEN, 'tokenizer-cases/metaspace-first/tokenizer.json'), 'utf8')),
};

describe.each(Object.entries(TOKENIZERS))('a tokenizer whose vocabulary is cut: %s', (_, read) => {
  let json: BpeTokenizerJson;
  let whole: TextTokenizer;
  beforeAll(async () => {
    json = await read();
    whole = open(json);
  });

  function cutTo(texts: readonly string[]) {
    const used = new Set(texts.flatMap((text) => whole.encode(text)));
    const kept = keptTokens(json, used);
    return { kept, cut: open(cutTokenizer(json, new Map(kept.map((old, id) => [old, id])))) };
  }

  it('should cut the texts that are kept into the same pieces, and read any text back as before', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = new SeededRandom(seed);
      const texts = sampleTexts(random, 30);
      const half = texts.filter(() => random.next() < 0.5);
      const { cut } = cutTo(half);
      for (const text of half) expect(pieces(cut, text)).toEqual(pieces(whole, text));
      for (const text of texts) expect(cut.decode(cut.encode(text))).toBe(whole.decode(whole.encode(text)));
    }
  });

  it('should keep what is needed for any text, even if no text is kept', () => {
    const { kept, cut } = cutTo([]);
    for (const text of sampleTexts(new SeededRandom(9), 20)) {
      const ids = cut.encode(text);
      expect(Math.max(0, ...ids)).toBeLessThan(kept.length);
      expect(cut.decode(ids)).toBe(whole.decode(whole.encode(text)));
      expect(ids.length).toBeGreaterThanOrEqual(whole.encode(text).length);
    }
  });

  it('should keep the order of ids, and special tokens', () => {
    const { kept, cut } = cutTo(['The cat sat on the mat.']);
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
    for (const { id, special } of json.added_tokens ?? []) {
      if (special !== true) continue;
      expect(kept).toContain(id);
      expect(cut.isSpecial(kept.indexOf(id))).toBe(true);
    }
    expect(cutTo([...Object.keys(json.model.vocab)]).kept.length).toBeGreaterThan(kept.length);
  });
});

describe('a conversion with --keep-tokens', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gpt-edge-cut-'));
    await writeTinyGgufs(GOLDEN, folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const TEXTS = ['the end', 'and then the dog'];
  const sources = ['tiny-gpt2', 'tiny-gpt-neo', 'tiny-llama', 'tiny-llama-rope3', 'tiny-llama.gguf', 'tiny-gpt2.gguf'];
  it.each(sources)('should give every kept token the logit that it had: %s', async (name) => {
    const source = join(name.endsWith('.gguf') ? folder : GOLDEN, name);
    const [full, small] = [join(folder, 'full'), join(folder, 'small')];
    const whole = await convertModel({ source, target: full, dtype: 'fp32' });
    const cut = await convertModel({ source, target: small, dtype: 'fp32', keepTokens: TEXTS });
    expect(cut.vocabularySize).toBeLessThan(whole.vocabularySize);
    expect(cut.source).toContain(`, ${cut.vocabularySize} of ${whole.vocabularySize} tokens kept, in `);
    const tokenizers = await Promise.all(
      [full, small].map(async (path) => new TextTokenizer(parseTokenizerJson(await readFile(join(path, 'tokenizer.json'))))),
    );
    const json = JSON.parse(await readFile(join(full, 'tokenizer.json'), 'utf8'));
    const config = JSON.parse(await readFile(join(small, 'config.json'), 'utf8'));
    expect(config.vocab_size).toBe(cut.vocabularySize);
    // The kept tokens are known by their spellings.
    const spelling = (of: { model: { vocab: Record<string, number> }; added_tokens: { id: number; content: string }[] }) =>
      new Map([...Object.entries(of.model.vocab), ...of.added_tokens.map(({ id, content }) => [content, id] as const)]);
    const ids = spelling(json);
    const old = new Map(
      [...spelling(JSON.parse(await readFile(join(small, 'tokenizer.json'), 'utf8')))].map(([text, id]) => [id, ids.get(text)!]),
    );
    expect(cut.eosTokenIds.map((id) => old.get(id))).toEqual(whole.eosTokenIds);
    expect(cut.bosTokenId === null ? null : old.get(cut.bosTokenId)).toBe(whole.bosTokenId);
    const logits = async (path: string, prompt: readonly number[]) => {
      const decoder = await openDecoder(await openModelFolder(path), { engine: 'edge', cacheFormat: 'f32' });
      const found = (await decoder.createSequence().forward(prompt)).slice();
      await decoder.dispose();
      return found;
    };
    const prompt = tokenizers[1].encode(TEXTS[0]);
    expect(prompt.map((id) => old.get(id))).toEqual(tokenizers[0].encode(TEXTS[0]));
    const [before, after] = [await logits(full, tokenizers[0].encode(TEXTS[0])), await logits(small, prompt)];
    for (const [id, logit] of after.entries()) expect(Math.abs(logit - before[old.get(id)!])).toBeLessThan(1e-5);
  });

  it('should be refused for a published graph, and for a tokenizer of another kind', async () => {
    const target = join(folder, 'never');
    await expect(convertModel({ source: join(GOLDEN, 'tiny-gpt2'), target, keepTokens: ['', ' \n'] })).rejects.toThrow(
      'keepTokens: the texts are empty',
    );
    await expect(convertModel({ source: join(GOLDEN, 'tiny-llama-genai'), target, keepTokens: TEXTS })).rejects.toThrow(
      'keepTokens: the vocabulary of a published graph stays as it is',
    );
  });
});
