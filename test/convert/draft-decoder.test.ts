import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convertModel } from '../../src/convert/convert-model.ts';
import type { Weight, WeightInPieces } from '../../src/convert/dtypes/dtype.ts';
import { dtypeNames, embeddingNames, findDtype } from '../../src/convert/dtypes/index.ts';
import { ElementType } from '../../src/convert/graph/graph-builder.ts';
import { sliceRows } from '../../src/convert/tensors/row-pieces.ts';
import type { QuantizedBlocks } from '../../src/convert/tensors/tensor-source.ts';
import type { ModelFiles } from '../../src/core/folder/model-files.ts';
import { ort } from '../../src/local/evaluate/onnx-session.ts';
import { SeededRandom } from '../generation/seeded-random.ts';
import { runGraph } from './run-graph.ts';
import { writeTinyGgufs } from './write-tiny-ggufs.ts';

const GOLDEN = join(import.meta.dirname, '../golden');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gpt-edge-draft-'));
  await writeTinyGgufs(GOLDEN, folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the draft of a decoder', () => {
  const sources = ['tiny-gpt2', 'tiny-gpt-neo', 'tiny-llama-rope3', 'tiny-llama.gguf', 'tiny-gpt2.gguf'];
  // The vectors of both LLaMAs are exact in float16, which a draft does not know: it takes them to be larger.
  const isKnown = (source: string, dtype: string) => !source.startsWith('tiny-llama') || dtype !== 'fp16';
  const settings = dtypeNames.flatMap((dtype) => embeddingNames.map((embeddings) => ({ dtype, embeddings })));
  it.each(
    sources.flatMap((source) => settings.map((stored) => ({ source, ...stored }))).filter(({ source, dtype }) => isKnown(source, dtype)),
  )(
    'should have the graph, the sizes and the manifest that the conversion then writes: $source in $dtype with $embeddings',
    async ({ source, dtype, embeddings }) => {
      let draft: ModelFiles | undefined;
      const target = join(folder, 'out');
      const { files, ...manifest } = await convertModel({
        source: join(source.endsWith('.gguf') ? folder : GOLDEN, source),
        target,
        chooseSettings: async (open) => {
          const chosen = { dtype, embeddings, contextWindow: open.contextWindow / 2 };
          draft = await open.draft(chosen);
          return chosen;
        },
      });
      const { files: drafted, ...facts } = draft!.manifest;
      expect(facts).toEqual(manifest);
      const sizes = (of: typeof files) =>
        Object.fromEntries(
          Object.entries(of)
            .map(([name, { bytes }]) => [name, bytes])
            .sort(),
        );
      expect(sizes(drafted)).toEqual(sizes(files));
      expect(Buffer.from(await draft!.read('model.onnx')).equals(await readFile(join(target, 'model.onnx')))).toBe(true);
    },
  );
});

describe('a table in pieces', () => {
  const random = new SeededRandom(5);
  const [rows, width] = [37, 70];
  const blocksInRow = Math.ceil(width / 32);
  const values = Float32Array.from({ length: rows * width }, () => random.next() - 0.5);
  const blocks = (bits: 4 | 8, zeroPoint: number): QuantizedBlocks => ({
    bits,
    codes: Uint8Array.from(values, () => random.integer(2 ** bits)),
    scales: Float32Array.from({ length: rows * blocksInRow }, () => random.next()),
    zeroPoints: new Float32Array(rows * blocksInRow).fill(zeroPoint),
  });
  const tables: Record<string, Weight> = {
    floats: { shape: [rows, width], values },
    'symmetric blocks of 4 bits': { shape: [rows, width], values, blocks: blocks(4, 8) },
    'blocks of 4 bits with zero points': { shape: [rows, width], values, blocks: blocks(4, 7.5) },
    'blocks of 8 bits': { shape: [rows, width], values, blocks: blocks(8, 128) },
  };

  function cut(table: Weight, atOnce: number): WeightInPieces {
    const { shape } = table;
    const kind = table.blocks && { bits: table.blocks.bits, isSymmetric: Number.isInteger(table.blocks.zeroPoints[0]) };
    return {
      shape,
      blocks: kind,
      async *pieces() {
        for (let start = 0; start < rows; start += atOnce) yield sliceRows(table, rows, start, Math.min(atOnce, rows - start));
      },
    };
  }

  const cases = Object.keys(tables).flatMap((kind) => dtypeNames.map((dtype) => ({ kind, dtype })));
  it.each(cases)('should be stored with the bytes of the whole: $kind in $dtype', async ({ kind, dtype }) => {
    const store = async (table: Weight | WeightInPieces) => {
      const { weights } = await runGraph(
        async (target) => {
          target.graph.input('ids', ElementType.INT64, [1, 'positions']);
          const stored = await findDtype(dtype).table(target, 'table', table);
          target.graph.output(stored.lookUp('rows', 'ids'), ElementType.FLOAT, [1, 'positions', width]);
        },
        { ids: new ort.Tensor('int64', BigInt64Array.of(0n), [1, 1]) },
      );
      return [...weights].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString('hex')]);
    };
    const whole = await store(tables[kind]);
    for (const atOnce of [1, 5, 36]) expect(await store(cut(tables[kind], atOnce))).toEqual(whole);
  });
});
