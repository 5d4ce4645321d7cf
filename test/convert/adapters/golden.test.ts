import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertAdapter } from '../../../src/convert/adapters/convert-adapter.ts';
import { convertModel } from '../../../src/convert/convert-model.ts';
import type { Decoder } from '../../../src/core/decoder.ts';
import { openDecoder } from '../../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../../src/local/model-folder.ts';
import { storeAdapter } from '../../../src/local/stored-adapter.ts';

const GOLDEN = join(import.meta.dirname, '../../golden');
/** PEFT and transformers compute in float32 and add in another order. */
const TOLERANCE = 1e-3;
const FAMILIES = ['tiny-gpt2', 'tiny-gpt2-variant', 'tiny-gpt-neo', 'tiny-llama', 'tiny-gpt-neox', 'tiny-opt-variant', 'tiny-gemma3'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-adapters-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A decoder of a tiny checkpoint with its adapter, which is loaded. */
async function adapted(name: string, dtype: string, adapterDtype = dtype): Promise<Decoder> {
  const target = join(folder, `${name}-${dtype}-${adapterDtype}`);
  await convertModel({ source: join(GOLDEN, name), target, dtype });
  const base = await openModelFolder(target);
  await storeAdapter(base, await convertAdapter({ source: join(GOLDEN, 'adapters', name), base, name: 'own', dtype: adapterDtype }));
  const decoder = await openDecoder(await openModelFolder(target), { engine: 'edge', cacheFormat: 'f32' });
  await decoder.adapters!.load('own');
  return decoder;
}

interface Reference {
  readonly ids: readonly number[];
  readonly last_logits: readonly number[];
  readonly greedy_ids: readonly number[];
}

const readReference = async (path: string): Promise<Reference> => JSON.parse(await readFile(join(path, 'reference.json'), 'utf8'));
const largestDifference = (a: ArrayLike<number>, b: readonly number[]) => Math.max(...b.map((value, index) => Math.abs(value - a[index])));

describe.each(FAMILIES)("PEFT's adapter of %s", (name) => {
  it("should give PEFT's logits and tokens, and leave the base model's as they are", async () => {
    const reference = await readReference(join(GOLDEN, 'adapters', name));
    const decoder = await adapted(name, 'fp32');
    const sequence = decoder.createSequence({ tokens: reference.ids, adapter: 'own' });
    const logits = await sequence.forward(reference.ids);
    expect(largestDifference(logits, reference.last_logits)).toBeLessThan(TOLERANCE);
    let last = logits;
    for (const token of reference.greedy_ids) {
      expect(last.indexOf(Math.max(...last))).toBe(token);
      last = await sequence.forward([token]);
    }
    const { sequences } = JSON.parse(await readFile(join(GOLDEN, name, 'reference.json'), 'utf8'));
    const { ids, last_logits: expected } = sequences[0] as Reference;
    expect(largestDifference(await decoder.createSequence({ tokens: ids }).forward(ids), expected)).toBeLessThan(TOLERANCE);
  });

  it('should be near that in 8 bits, compared with what the adapter changes', async () => {
    const reference = await readReference(join(GOLDEN, 'adapters', name));
    const decoder = await adapted(name, 'fp32', 'q8');
    const logits = await decoder.createSequence({ tokens: reference.ids, adapter: 'own' }).forward(reference.ids);
    const without = await decoder.createSequence({ tokens: reference.ids }).forward(reference.ids);
    expect(largestDifference(logits, reference.last_logits)).toBeLessThan(0.15 * largestDifference(without, reference.last_logits));
  });
});

describe('the fairy tales of the default model', () => {
  it("should have PEFT's log-probabilities, as far as the base model's 8 bits allow", async () => {
    const target = join(folder, 'default');
    await cp(join(GOLDEN, '../../model-assets/tinystories-gpt2'), target, { recursive: true });
    const decoder = await openDecoder(await openModelFolder(target), { engine: 'edge', cacheFormat: 'f32' });
    await decoder.adapters!.load('fairytale');
    const { prompts } = JSON.parse(await readFile(join(GOLDEN, 'tinystories-gpt2-fairytale-lora/reference.json'), 'utf8'));
    for (const { ids, greedy_ids: greedy, prompt_logprobs: before, greedy_logprobs: after, greedy_margins: margins } of prompts) {
      const tokens: number[] = [...ids, ...greedy];
      const expected: number[] = [...before.slice(1), ...after];
      const off = { fairytale: 0, base: 0 };
      for (const [key, adapter] of [
        ['fairytale', 'fairytale'],
        ['base', undefined],
      ] as const) {
        let row = 0;
        const sequence = decoder.createSequence({ tokens: [], adapter });
        await sequence.forwardEach(tokens.slice(0, -1), tokens.length - 1, ({ values }) => {
          const greatest = Math.max(...values);
          const norm = greatest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - greatest), 0));
          off[key] = Math.max(off[key], Math.abs(values[tokens[row + 1]] - norm - expected[row]));
          const step = row + 1 - ids.length;
          if (key === 'fairytale' && step >= 0 && margins[step] > 0.1) expect(values.indexOf(greatest)).toBe(greedy[step]);
          row++;
        });
      }
      expect(off.fairytale).toBeLessThan(0.05);
      expect(off.base).toBeGreaterThan(0.5);
    }
  });
});
