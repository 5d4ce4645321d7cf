import type { ByteReader } from '../../files/byte-reader.ts';
import type { SourceTensor } from '../../tensors/tensor-source.ts';
import type { Llama2cHeader } from './llama2c-header.ts';

/** A tensor and where it lies in the file. */
export interface Llama2cTensor extends SourceTensor {
  readonly begin: number;
  /** The number of heads, if their rows are in interleaved order. */
  readonly heads?: number;
}

/** Weights that follow each other in a checkpoint: one tensor, or one tensor of each layer. */
interface Section {
  /** Hugging Face's name, in which `*` stands for the layer. Null for weights that are not needed. */
  readonly name: string | null;
  /** The shape of one tensor, outermost axis first. */
  readonly shape: readonly number[];
  /** The number of heads, if their rows are in interleaved order. */
  readonly heads?: number;
}

/**
 * Finds every tensor by its place in the file.
 * @throws GptEdgeError `invalid_file` if the file's size is not exactly what its header implies
 */
export function placeLlama2cTensors(reader: ByteReader, header: Llama2cHeader): Map<string, Llama2cTensor> {
  const layout = llama2cLayout(header);
  const repeats = ({ name }: Section) => (name?.includes('*') ? header.layers : 1);
  // The size is checked before anything is listed, since the header may state any number of layers. Each factor is at
  // most 2^20, so the sum may lose digits, but cannot become small.
  const total = layout.reduce((sum, section) => sum + repeats(section) * countBytes(section), header.bytes);
  if (total !== reader.size) throw reader.invalid('size', `${reader.size} bytes are not the ${total} that its header asks for`);
  const tensors = new Map<string, Llama2cTensor>();
  let begin = header.bytes;
  for (const section of layout) {
    const bytes = countBytes(section);
    for (let layer = 0; layer < repeats(section); layer++, begin += bytes) {
      const name = section.name?.replace('*', String(layer));
      if (name) tensors.set(name, { name, dtype: 'F32', shape: section.shape, bytes, begin, heads: section.heads });
    }
  }
  return tensors;
}

function countBytes({ shape }: Section): number {
  return 4 * shape.reduce((product, size) => product * size, 1);
}

/** Lists everything that follows the header, in the order of the file. */
function llama2cLayout(header: Llama2cHeader): Section[] {
  return header.version === 0 ? version0(header) : version1(header);
}

type Sections = Readonly<Record<'embedding' | 'attentionNorm' | 'feedForwardNorm' | 'finalNorm' | 'head', Section>> & {
  readonly attention: readonly Section[];
  readonly feedForward: readonly Section[];
};

function sections({ width, inner, heads, keyValueHeads, vocabularySize }: Llama2cHeader): Sections {
  const keys = (width / heads) * keyValueHeads;
  const layer = (name: string, ...shape: number[]): Section => ({ name: `model.layers.*.${name}.weight`, shape });
  return {
    embedding: { name: 'model.embed_tokens.weight', shape: [vocabularySize, width] },
    attentionNorm: layer('input_layernorm', width),
    attention: [
      { ...layer('self_attn.q_proj', width, width), heads },
      { ...layer('self_attn.k_proj', keys, width), heads: keyValueHeads },
      layer('self_attn.v_proj', keys, width),
      layer('self_attn.o_proj', width, width),
    ],
    feedForwardNorm: layer('post_attention_layernorm', width),
    feedForward: [layer('mlp.gate_proj', inner, width), layer('mlp.down_proj', width, inner), layer('mlp.up_proj', inner, width)],
    finalNorm: { name: 'model.norm.weight', shape: [width] },
    head: { name: 'lm_head.weight', shape: [vocabularySize, width] },
  };
}

/**
 * The order in which run.c maps a file. The cosines and sines before the head follow from the header, and so are
 * skipped.
 */
function version0(header: Llama2cHeader): Section[] {
  const parts = sections(header);
  const turns = { name: null, shape: [header.contextWindow, header.width / header.heads / 2] };
  return [
    parts.embedding,
    parts.attentionNorm,
    ...parts.attention,
    parts.feedForwardNorm,
    ...parts.feedForward,
    parts.finalNorm,
    turns,
    turns,
    ...(header.isTied ? [] : [parts.head]),
  ];
}

/** The order in which version1_export of export.py writes a file. */
function version1(header: Llama2cHeader): Section[] {
  const parts = sections(header);
  return [
    parts.attentionNorm,
    parts.feedForwardNorm,
    parts.finalNorm,
    parts.embedding,
    ...parts.attention,
    ...parts.feedForward,
    ...(header.isTied ? [] : [parts.head]),
  ];
}
