import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConvertAdapterOptions, convertAdapter } from '../../../src/convert/adapters/convert-adapter.ts';
import { convertModel } from '../../../src/convert/convert-model.ts';
import { type ModelFolder, openModelFolder } from '../../../src/local/model-folder.ts';
import { removeAdapter, storeAdapter } from '../../../src/local/stored-adapter.ts';
import { buildSafetensors, type HeaderEntry, splitSafetensors } from '../build-safetensors.ts';
import { damage, randomIntegers } from '../fuzz-bytes.ts';

const GOLDEN = join(import.meta.dirname, '../../golden');
const SOURCE = join(GOLDEN, 'adapters/tiny-gpt2');
const A = 'base_model.model.transformer.h.0.attn.c_attn.lora_A.weight';
const B = 'base_model.model.transformer.h.0.attn.c_attn.lora_B.weight';

let folder: string;
let base: ModelFolder;
let weights: ReturnType<typeof splitSafetensors>;
let config: Record<string, unknown>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-adapters-'));
  await convertModel({ source: join(GOLDEN, 'tiny-gpt2'), target: join(folder, 'base'), dtype: 'fp32', id: 'tiny-gpt2' });
  base = await openModelFolder(join(folder, 'base'));
  weights = splitSafetensors(await readFile(join(SOURCE, 'adapter_model.safetensors')));
  config = JSON.parse(await readFile(join(SOURCE, 'adapter_config.json'), 'utf8'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Converts the adapter with some fields of its configuration, or its tensors, changed. */
async function convertChanged(
  changes: Readonly<Record<string, unknown>>,
  change: (header: Record<string, HeaderEntry>, data: Uint8Array) => Uint8Array | undefined = () => undefined,
  options: Partial<ConvertAdapterOptions> = {},
) {
  const source = await mkdtemp(join(folder, 'adapter-'));
  const header = structuredClone(weights.header);
  const data = Uint8Array.from(weights.data);
  const file = change(header, data) ?? buildSafetensors(header, data);
  await writeFile(join(source, 'adapter_config.json'), JSON.stringify({ ...config, ...changes }));
  await writeFile(join(source, 'adapter_model.safetensors'), file);
  return convertAdapter({ source, base, ...options });
}

const rename = (from: string, to: string) => (header: Record<string, HeaderEntry>) => {
  header[to] = header[from];
  delete header[from];
  return undefined;
};

describe('an adapter that is more than low-rank matrices', () => {
  it.each([
    [{ peft_type: 'LOHA' }, 'peft_type "LOHA"'],
    [{ task_type: 'SEQ_CLS' }, 'task_type "SEQ_CLS"'],
    [{ modules_to_save: ['lm_head', 'embed_tokens'] }, 'modules_to_save "lm_head, embed_tokens"'],
    [{ bias: 'all' }, 'bias "all"'],
    [{ use_dora: true }, '"use_dora" true'],
    [{ lora_bias: true }, '"lora_bias" true'],
    [{ layer_replication: [[0, 1]] }, '"layer_replication" [[0,1]]'],
    [{ trainable_token_indices: [1] }, '"trainable_token_indices" [1]'],
    [{ field_of_the_future: 3 }, '"field_of_the_future" 3'],
    [{ init_lora_weights: 'pissa_niter_16' }, 'init_lora_weights "pissa_niter_16"'],
  ])('should be refused by name: %j', async (changes, problem) => {
    const failure = await convertChanged(changes).catch((error) => error);
    expect(failure).toMatchObject({ code: 'unsupported_model', param: 'adapter_config.json' });
    expect(failure.message).toContain(problem);
  });

  it.each([
    ['base_model.model.transformer.wte.lora_embedding_A', 'changes the embeddings'],
    ['base_model.model.transformer.h.0.attn.c_attn.lora_magnitude_vector', 'belongs to DoRA'],
    ['base_model.model.lm_head.modules_to_save.weight', 'is a module of its own'],
    ['base_model.model.transformer.h.0.attn.c_attn.bias', 'is a bias'],
    ['weights', 'is not a matrix lora_A or lora_B'],
  ])('should be refused for the tensor %s', async (name, problem) => {
    await expect(convertChanged({}, rename(A, name))).rejects.toMatchObject({
      code: 'unsupported_model',
      message: expect.stringContaining(problem),
    });
  });

  it('should be refused for the output head, and for embeddings', async () => {
    for (const module of ['lm_head', 'transformer.wte']) {
      const change = (header: Record<string, HeaderEntry>) => {
        rename(A, `base_model.model.${module}.lora_A.weight`)(header);
        return rename(B, `base_model.model.${module}.lora_B.weight`)(header);
      };
      await expect(convertChanged({}, change)).rejects.toThrow('is an embedding or the output head');
    }
  });
});

describe('a hostile adapter', () => {
  it.each([
    [{ r: 1_000_000 }, 'r: Too big: expected number to be <=512'],
    [{ r: 0 }, 'r: Too small'],
    [{ rank_pattern: { c_attn: 1e6 } }, 'rank_pattern.c_attn: Too big'],
    [{ lora_alpha: 1e300 }, 'lora_alpha: Too big'],
    [{ lora_alpha: 'much' }, 'lora_alpha: Invalid input'],
    [{ r: 4 }, `tensor "${A.slice(0, 80)}": shape [3,32] is not the [4,32]`],
    [{ target_modules: '(a+)+$' }, 'target_modules: the pattern "(a+)+$" is too intricate'],
    [{ target_modules: 'x*'.repeat(40) }, 'is too intricate'],
    [{ target_modules: '(' }, 'target_modules: "(" is not a regular expression'],
    [{ alpha_pattern: { '(?=x)': 1 } }, 'alpha_pattern: the pattern "(?=x)" is too intricate'],
    [{ target_modules: ['c_attn'] }, 'which target_modules does not select'],
    [{ target_modules: null }, undefined],
  ])('should be refused for its configuration: %j', async (changes, problem) => {
    if (problem === undefined) expect((await convertChanged(changes)).manifest.modules).toHaveLength(8);
    else await expect(convertChanged(changes)).rejects.toMatchObject({ code: 'invalid_file', message: expect.stringContaining(problem) });
  });

  it('should be refused for a number that is not finite', async () => {
    const change = (header: Record<string, HeaderEntry>, data: Uint8Array) => {
      new DataView(data.buffer).setFloat32(header[A].data_offsets[0] + 20, Number.NaN, true);
      return undefined;
    };
    await expect(convertChanged({}, change)).rejects.toThrow(`tensor ${A}: value 5 is NaN`);
  });

  it('should be refused for another shape, a missing half and a missing module', async () => {
    const reshaped = (header: Record<string, HeaderEntry>) => {
      header[A].shape = [...header[A].shape].reverse();
      return undefined;
    };
    await expect(convertChanged({}, reshaped)).rejects.toThrow('shape [32,3] is not the [3,32]');
    await expect(convertChanged({}, rename(B, 'base_model.model.transformer.h.9.attn.c_attn.lora_B.weight'))).rejects.toThrow(
      'has no tensor lora_B.weight',
    );
    await expect(convertChanged({ target_modules: 'all-linear', layers_to_transform: null }, dropLast)).rejects.toThrow(
      'has no tensors for',
    );
  });

  it('should be refused for another base model', async () => {
    const source = join(GOLDEN, 'adapters/tiny-llama');
    await expect(convertAdapter({ source, base })).rejects.toThrow(
      'is no module of this base model; was the adapter made for another one?',
    );
    await expect(convertAdapter({ source: join(GOLDEN, 'adapters/tiny-gpt2-variant'), base })).rejects.toMatchObject({
      code: 'invalid_file',
    });
  });

  it('should end in an error or a valid adapter, whatever bytes its files have', async () => {
    const file = buildSafetensors(weights.header, weights.data);
    const random = randomIntegers(1);
    for (let times = 0; times < 60; times++) {
      const bytes = Uint8Array.from(damage(file, 4000, random));
      const failure = await convertChanged({}, () => bytes).then(
        () => undefined,
        (error) => error,
      );
      if (failure !== undefined) expect(failure).toMatchObject({ name: 'GptEdgeError' });
    }
  });
});

/** Leaves out the last module of the file. */
function dropLast(header: Record<string, HeaderEntry>, data: Uint8Array): Uint8Array {
  const order = Object.entries(header).sort(([, a], [, b]) => b.data_offsets[0] - a.data_offsets[0]);
  for (const [name] of order.slice(0, 2)) delete header[name];
  return buildSafetensors(header, data.subarray(0, order[1][1].data_offsets[0]));
}

describe('the folder of an adapter', () => {
  it('should be refused without its files, or with pickled ones', async () => {
    const source = await mkdtemp(join(folder, 'adapter-'));
    await expect(convertAdapter({ source, base })).rejects.toThrow('holds no adapter: there is no adapter_config.json in it');
    await cp(join(SOURCE, 'adapter_config.json'), join(source, 'adapter_config.json'));
    await expect(convertAdapter({ source, base })).rejects.toThrow('there is no such file');
    await writeFile(join(source, 'adapter_model.bin'), 'x');
    await expect(convertAdapter({ source, base })).rejects.toThrow('pickled weights');
  });

  it('should give the adapter its name, without that of the model', async () => {
    for (const [name, expected] of [
      ['tiny-gpt2-tales-lora', 'tales'],
      ['style', 'style'],
      ['my_adapter', 'my'],
    ]) {
      const source = join(folder, name);
      await cp(SOURCE, source, { recursive: true });
      expect((await convertAdapter({ source, base })).name).toBe(expected);
    }
    await expect(convertAdapter({ source: SOURCE, base, name: 'a:b' })).rejects.toMatchObject({ code: 'invalid_value', param: 'id' });
    await expect(convertAdapter({ source: SOURCE, base, dtype: 'fp16' })).rejects.toMatchObject({ code: 'invalid_value', param: 'dtype' });
  });

  it('should say for which model the adapter was made, if that has another name', async () => {
    const notes: string[] = [];
    await convertChanged({ base_model_name_or_path: 'someone/gpt2' }, undefined, { onNote: (note) => notes.push(note) });
    expect(notes).toEqual([expect.stringContaining('made for "someone/gpt2"')]);
  });

  it('should become a part of the model folder, with the same bytes each time, and be removed from it', async () => {
    const path = join(folder, 'stored');
    await cp(base.path, path, { recursive: true });
    const converted = await convertAdapter({ source: SOURCE, base, name: 'tales' });
    await storeAdapter(await openModelFolder(path), converted);
    const stored = await openModelFolder(path);
    expect(Object.keys(stored.manifest.files)).toEqual(
      expect.arrayContaining(['adapters/tales/adapter.bin', 'adapters/tales/adapter.json']),
    );
    await storeAdapter(stored, await convertAdapter({ source: SOURCE, base: stored, name: 'tales' }));
    expect(await openModelFolder(path)).toEqual(stored);
    await expect(removeAdapter(stored, 'other')).rejects.toMatchObject({ code: 'invalid_value' });
    await removeAdapter(stored, 'tales');
    expect((await openModelFolder(path)).manifest).toEqual(base.manifest);
  });

  it('should be refused for a graph that was published as it is', async () => {
    const path = join(folder, 'published');
    await convertModel({ source: join(GOLDEN, 'tiny-llama-genai'), target: path });
    const published = await openModelFolder(path);
    await expect(convertAdapter({ source: join(GOLDEN, 'adapters/tiny-llama'), base: published })).rejects.toMatchObject({
      name: 'GptEdgeError',
    });
  });
});
