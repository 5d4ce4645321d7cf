import type { Llama2cHeader } from './llama2c-header.ts';

/** Weights that follow each other in a checkpoint: one tensor, or one of each layer. */
export interface Section {
  /** Hugging Face's name; `*` stands for the layer. Null for what is not needed. */
  readonly name: string | null;
  /** Of one tensor, outermost axis first. */
  readonly shape: readonly number[];
  /** Heads whose rows are in interleaved order, where they are. */
  readonly heads?: number;
}

/** Everything that follows the header, in the order of the file. */
export function llama2cLayout(header: Llama2cHeader): Section[] {
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

/** As run.c maps it. Cosines and sines of positions lie before the head; they follow from the header. */
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

/** As version1_export of export.py writes it. */
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
