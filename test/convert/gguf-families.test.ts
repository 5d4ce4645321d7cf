import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { readJson } from '../../src/convert/files/json-files.ts';
import { openGguf } from '../../src/convert/sources/gguf/open-gguf.ts';
import { openHuggingFaceFolder } from '../../src/convert/sources/hugging-face/open-hugging-face-folder.ts';
import { openDecoder } from '../../src/local/evaluate/open-decoder.ts';
import { openModelFolder } from '../../src/local/model-folder.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
/** Files that the `gguf` package wrote from the checkpoints of the same names. */
const FILES = (await readdir(join(GOLDEN, 'gguf'))).map((name) => basename(name, '.gguf'));
const ENGINES = ['ort', 'edge'] as const;
/** float32, and factors in place of Llama 3.1's own formula, which are rounded elsewhere. */
const TOLERANCE = 5e-5;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-gguf-families-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(FILES)('%s as GGUF', (name) => {
  const path = join(GOLDEN, 'gguf', `${name}.gguf`);

  it('should have the weights of its Hugging Face folder, under the same names', async () => {
    const [source, expected] = [await openGguf(path), await openHuggingFaceFolder(join(GOLDEN, name))];
    // transformers 5 and llama.cpp's own converter have different names for the head of GPT-NeoX.
    const own = (tensor: string) => (name === 'tiny-gpt-neox' ? tensor.replace('lm_head', 'embed_out') : tensor);
    for (const { name: tensor, shape } of expected.weights.tensors.values()) {
      if (tensor.endsWith('inv_freq')) continue;
      expect(source.weights.tensors.get(own(tensor)), tensor).toMatchObject({ shape });
      const [{ values }, { values: others }] = [await source.weights.read(own(tensor)), await expected.weights.read(tensor)];
      for (const [index, value] of others.entries()) expect(Math.abs(values[index] - value)).toBeLessThan(1e-7);
    }
    await source.weights.close();
    await expected.weights.close();
  });

  it.each(ENGINES)("should give the reference's logits and greedy tokens on %s", async (engine) => {
    const target = join(folder, `${name}-${engine}`);
    await convertModel({ source: path, target, dtype: 'fp32' });
    const decoder = await openDecoder(await openModelFolder(target), { engine, cacheFormat: 'f32' });
    const { sequences } = JSON.parse(await readFile(join(GOLDEN, name, 'reference.json'), 'utf8'));
    for (const { ids, last_logits, greedy_ids } of sequences) {
      const sequence = decoder.createSequence();
      let logits = await sequence.forward(ids);
      for (const [index, logit] of last_logits.entries()) expect(Math.abs(logits[index] - logit)).toBeLessThan(TOLERANCE);
      for (const id of greedy_ids) {
        expect(logits.indexOf(logits.reduce((a, b) => Math.max(a, b)))).toBe(id);
        if (sequence.length < decoder.contextWindow) logits = await sequence.forward([id]);
      }
      sequence.dispose();
    }
    await decoder.dispose();
  });

  it.each(['q8', 'q4'])('should convert to %s', async (dtype) => {
    const manifest = await convertModel({ source: path, target: join(folder, `${name}-${dtype}`), dtype });
    expect(manifest).toMatchObject({ dtype, source: `${name} (GGUF in F16+F32)` });
  });
});

describe('configurations from GGUF', () => {
  const configOf = async (name: string) => {
    const source = await openGguf(join(GOLDEN, 'gguf', `${name}.gguf`));
    await source.weights.close();
    return readJson(source, 'config.json');
  };

  it("should take a llama with a window for a Mistral, and the tensor of factors for transformers' longrope", async () => {
    expect(await configOf('tiny-mistral')).toMatchObject({ model_type: 'mistral', sliding_window: 7 });
    const { rope_scaling } = (await configOf('tiny-llama-rope3')) as { rope_scaling: Record<string, unknown> };
    expect(rope_scaling).toMatchObject({ rope_type: 'longrope', attention_factor: 1 });
    expect(rope_scaling.short_factor).toEqual(rope_scaling.long_factor);
    expect(rope_scaling.short_factor).toHaveLength(10);
  });

  it('should read the windows, rotary positions and scale of Gemma, and the rotated part of GPT-NeoX', async () => {
    expect(await configOf('tiny-gemma3')).toMatchObject({
      model_type: 'gemma3_text',
      layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
      sliding_window: 6,
      rope_theta: 5000,
      rope_local_base_freq: 100,
      rope_scaling: { rope_type: 'linear', factor: 2 },
      query_pre_attn_scalar: expect.closeTo(20, 4),
    });
    expect(await configOf('tiny-gpt-neox')).toMatchObject({ partial_rotary_factor: 0.25, use_parallel_residual: true });
    expect(await configOf('tiny-qwen2')).toMatchObject({ rope_scaling: { rope_type: 'yarn', factor: 4, beta_fast: 4 } });
  });
});
