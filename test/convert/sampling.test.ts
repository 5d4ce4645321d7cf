import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import { CHAT_SAMPLING } from '../../src/convert/model-folder/with-sampling.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}";

let folder: string;
let source: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-sampling-'));
  source = join(folder, 'tiny');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function edit(name: string, changes: object) {
  const path = join(source, name);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }));
}

/** Converts the source, and returns the new generation_config.json and what the user was told. */
async function convert(sampling?: string) {
  const notes: string[] = [];
  const target = join(folder, 'out');
  await convertModel({ source, target, sampling, onNote: (note) => notes.push(note) });
  return { config: JSON.parse(await readFile(join(target, 'generation_config.json'), 'utf8')), notes };
}

describe.each(['tiny-gpt2', 'tiny-llama-genai'])('sampling options of %s', (name) => {
  beforeEach(() => cp(join(GOLDEN, name), source, { recursive: true }));

  it("should be the checkpoint's if none were asked for, byte for byte", async () => {
    const brought = await readFile(join(source, 'generation_config.json'));
    expect(await convert()).toMatchObject({ notes: [] });
    expect(await readFile(join(folder, 'out', 'generation_config.json'))).toEqual(brought);
  });

  it("should be merged with the checkpoint's", async () => {
    await edit('generation_config.json', { do_sample: false, top_p: 0.5, top_k: 7 });
    const { config, notes } = await convert('temperature=0.2,top_p=0.9');
    expect(config).toEqual({ bos_token_id: 127, eos_token_id: 127, do_sample: true, temperature: 0.2, top_p: 0.9, top_k: 7 });
    expect(notes).toEqual([]);
    expect((await convert('temperature=0')).config).toMatchObject({ do_sample: false, temperature: 0, top_p: 0.5 });
  });

  it('should be tamer than the default for a chat model that brings no temperature, and be told', async () => {
    await edit('tokenizer_config.json', { chat_template: TEMPLATE });
    const { config, notes } = await convert();
    expect(config).toEqual({ bos_token_id: 127, eos_token_id: 127, do_sample: true, ...CHAT_SAMPLING });
    expect(notes).toEqual([expect.stringContaining('generation_config.json gets temperature=0.2,top_p=0.9')]);
  });

  it('should stay open for a chat model that decides them, or for which they were asked', async () => {
    await edit('tokenizer_config.json', { chat_template: TEMPLATE });
    expect((await convert('temperature=0.7')).config).toEqual({ bos_token_id: 127, eos_token_id: 127, do_sample: true, temperature: 0.7 });
    await edit('generation_config.json', { top_p: 0.5 });
    expect((await convert()).config).toMatchObject({ temperature: 0.2, top_p: 0.5 });
    await edit('generation_config.json', { temperature: 0.6 });
    expect((await convert()).notes).toEqual([]);
    await edit('generation_config.json', { temperature: null, do_sample: false });
    expect(await convert()).toMatchObject({ config: { temperature: null, do_sample: false }, notes: [] });
  });

  it.each([
    ['temp=1', 'sampling: "temp" is not one of temperature, top_k, top_p, min_p, repetition_penalty.'],
    ['top_p=1.5', 'sampling: top_p must be a number from 0 to 1'],
    ['temperature', 'sampling: "temperature" is not of the form name=value.'],
  ])('should be refused: %s', async (sampling, message) => {
    await expect(convert(sampling)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid_value', message: expect.stringContaining(message) }),
    );
  });

  it('should be refused by file and field if the Worker would refuse them', async () => {
    await edit('generation_config.json', { top_p: 1.5 });
    await expect(convert()).rejects.toThrow('generation_config.json: top_p is 1.5, and must be a number from 0 to 1');
    await edit('generation_config.json', { top_p: 0, top_k: -1 });
    expect((await convert()).config).toMatchObject({ top_p: 0, top_k: -1 });
  });
});
