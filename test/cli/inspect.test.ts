import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderBytes, parseManifest } from '../../src/core/folder/manifest.ts';
import { DEFAULT_MODEL, PROJECT } from '../../src/local/project-paths.ts';
import { runCli } from './run-cli.ts';

const golden = (name: string) => join(PROJECT, 'test', 'golden', name);
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

describe('gpt-edge inspect', () => {
  it('should show the facts, weights and memory of a model folder', async () => {
    const manifest = parseManifest(await readFile(join(DEFAULT_MODEL, 'manifest.json'), 'utf8'));
    const { code, stdout } = await runCli(['inspect', DEFAULT_MODEL]);
    expect(code).toBe(0);
    const planned = (name: string) => Number(new RegExp(`^${name} +(\\d+\\.\\d) MB`, 'm').exec(stdout)?.[1]);
    for (const line of [
      /^architecture +gpt2, 6 layers of width 256, 4 heads of 64$/m,
      /^parameters +5,918,720$/m,
      /^context window +512 tokens$/m,
      /^vocabulary +4,096 tokens, EOS 0$/m,
      new RegExp(`^stored as +q8, ${megabytes(folderBytes(manifest))} on disk$`, 'm'),
      /^multiply-adds +5\.8 million per token$/m,
      /^licence +mit$/m,
      /^layers\.\*\.attention\.qkv\.weight +8 bits +768 x 8 x 32 +6 +1\.18 MB$/m,
      /^layers\.\*\.attention\.qkv\.weight\.scales +float32 +768 x 8 +6 +0\.15 MB$/m,
      /^Memory in a Worker with the edge engine, /m,
      new RegExp(`^KV cache of 512 tokens in float32 +${megabytes(manifest.kvBytesPerToken * manifest.contextWindow)}$`, 'm'),
      /^Kernels in this Node: (plain|relaxed|vnni)$/m,
      new RegExp(`^of 128 MB +${megabytes(128e6 - planned('total') * 1e6)} are left$`, 'm'),
    ])
      expect(stdout).toMatch(line);
    // The edge engine holds the scales in float16: most weights take 8.5 bits there, and 9 in the file.
    expect(planned('weights') / (manifest.files['model.onnx_data'].bytes / 1e6)).toBeCloseTo(8.5 / 9, 1);
    const parts = ['heap', 'weights', 'buffers', 'tokenizer', 'masks', 'KV cache of 512 tokens in float32'];
    expect(parts.reduce((sum, name) => sum + planned(name), 0)).toBeCloseTo(planned('total'), 0);
  });

  it('should show a checkpoint of each family that has not been converted yet', async () => {
    for (const [name, architecture] of [
      ['tiny-gpt2', 'gpt2'],
      ['tiny-gpt-neo', 'gpt_neo'],
      ['tiny-llama', 'llama'],
    ]) {
      const { code, stdout } = await runCli(['inspect', golden(name)]);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^architecture +${architecture}, `, 'm'));
      expect(stdout).toMatch(/^(transformer\.|model\.)?(h|layers)\.\*\.\S+ +(F32|BF16) +\d+/m);
      expect(stdout).toContain('This is not a model folder yet');
    }
  });

  it('should show a published graph before and after it has become a model folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gpt-edge-inspect-'));
    try {
      const { code } = await runCli(['convert', golden('tiny-llama-genai'), join(folder, 'model')]);
      expect(code).toBe(0);
      for (const path of [golden('tiny-llama-genai'), join(folder, 'model')]) {
        const { stdout } = await runCli(['inspect', path]);
        expect(stdout).toMatch(/^architecture +llama, 2 layers of width 64, 4 heads of 16, 2 of keys and values$/m);
        expect(stdout).toMatch(/^stored as +q4, 0\.1 MB on disk$/m);
        expect(stdout).toMatch(/^model\.layers\.\*\.attn\.qkv_proj\.MatMul\.weight_Q4 +4 bits +128 x 2 x 16 +2 +0\.01 MB$/m);
        expect(stdout).toMatch(/^model\.embed_tokens\.weight +float32 +128 x 64 +1 +0\.03 MB$/m);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('should name in one line a file that it cannot read', async () => {
    const { code, stderr } = await runCli(['inspect', join(PROJECT, 'package.json')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gpt-edge: package\.json: .*\n$/);
  });
});
