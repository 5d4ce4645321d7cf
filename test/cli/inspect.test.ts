import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEFAULT_MODEL, PROJECT } from '../../src/cli/project-paths.ts';
import { runCli } from './run-cli.ts';

const golden = (name: string) => join(PROJECT, 'test', 'golden', name);

describe('gpt-edge inspect', () => {
  it('should show facts, weights and memory of a model folder', async () => {
    const { code, stdout } = await runCli(['inspect', DEFAULT_MODEL]);
    expect(code).toBe(0);
    for (const line of [
      /^architecture +gpt2, 6 layers of width 256, 4 heads of 64$/m,
      /^parameters +5,918,720$/m,
      /^context window +512 tokens$/m,
      /^vocabulary +4,096 tokens, EOS 0$/m,
      /^stored as +fp16, 12\.1 MB on disk$/m,
      /^multiply-adds +5\.8 million per token$/m,
      /^licence +mit$/m,
      /^layers\.\*\.attention\.qkv\.weight +float16 +256 x 768 +6 +2\.36 MB$/m,
      /^weights +47\.3 MB$/m,
      /^KV cache of 512 tokens +6\.3 MB$/m,
      /^of 128 MB +55\.4 MB are left$/m,
    ])
      expect(stdout).toMatch(line);
  });

  it('should show a checkpoint that is not converted yet, of each family', async () => {
    for (const [name, architecture] of [
      ['tiny-gpt2', 'gpt2'],
      ['tiny-gpt-neo', 'gpt_neo'],
      ['tiny-llama', 'llama'],
    ]) {
      const { code, stdout } = await runCli(['inspect', golden(name)]);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^architecture +${architecture}, `, 'm'));
      expect(stdout).toMatch(/^(transformer\.|model\.)?(h|layers)\.\*\.\S+ +(F32|BF16) +\d+/m);
      expect(stdout).toContain('This is no model folder yet');
    }
  });

  it('should show a published graph, before and after it was made a model folder', async () => {
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

  it('should say in one line what it cannot read', async () => {
    const { code, stderr } = await runCli(['inspect', join(PROJECT, 'package.json')]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^gpt-edge: package\.json: .*\n$/);
  });
});
