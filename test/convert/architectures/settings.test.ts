import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { convertModel } from '../../../src/convert/convert-model.ts';

const GOLDEN = join(import.meta.dirname, '../../golden');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Converts a golden checkpoint with other settings, and returns the hashes of its graph and weights. */
async function convert(name: string, change: Record<string, unknown>, contextWindow?: number) {
  const source = join(folder, name);
  await cp(join(GOLDEN, name), source, { recursive: true });
  const config = JSON.parse(await readFile(join(source, 'config.json'), 'utf8'));
  const scaling = change.rope_scaling ? { rope_scaling: { ...config.rope_scaling, ...(change.rope_scaling as object) } } : {};
  await writeFile(join(source, 'config.json'), JSON.stringify({ ...config, ...change, ...scaling }));
  const { files } = await convertModel({ source, target: join(folder, 'out'), contextWindow });
  return [files['model.onnx'].sha256, files['model.onnx_data'].sha256];
}

it.each([
  { name: 'tiny-gpt-neo', change: { window_size: 9 } },
  { name: 'tiny-gpt-neo', change: { attention_types: [[['global'], 3]] } },
  { name: 'tiny-gpt-neo', change: { activation_function: 'gelu' } },
  { name: 'tiny-gpt-neo', change: { layer_norm_epsilon: 1e-3 } },
  { name: 'tiny-llama', change: { rms_norm_eps: 1e-3 } },
  { name: 'tiny-llama', change: { rope_parameters: { rope_theta: 5000 } } },
  { name: 'tiny-llama', change: { tie_word_embeddings: true } },
  { name: 'tiny-llama-rope3', change: { rope_theta: 5000 } },
  { name: 'tiny-llama-rope3', change: { rope_scaling: { factor: 3 } } },
  { name: 'tiny-llama-rope3', change: { rope_scaling: { low_freq_factor: 2 } } },
  { name: 'tiny-llama-rope3', change: { rope_scaling: { high_freq_factor: 3 } } },
  { name: 'tiny-llama-rope3', change: { rope_scaling: { original_max_position_embeddings: 64 } } },
  { name: 'tiny-llama-rope3', change: { rope_scaling: { rope_type: 'default' } } },
])('should give another graph or other weights for $name with $change', async ({ name, change }) => {
  expect(await convert(name, change)).not.toEqual(await convert(name, {}));
});

it.each(['tiny-gpt-neo', 'tiny-llama'])('should keep fewer positions of %s when asked to', async (name) => {
  expect(await convert(name, {}, 32)).not.toEqual(await convert(name, {}));
});
