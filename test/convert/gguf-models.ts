import { readJson } from '../../src/convert/files/json-files.ts';
import type { Checkpoint } from '../../src/convert/sources/model-source.ts';
import { buildGguf, field, type GgufEntry, type GgufParts } from './build-gguf.ts';

type Fields = NonNullable<GgufParts['fields']>;

/** Hugging Face's names by GGUF's. They are stated here again, since the reader's own table would prove nothing. */
const LLAMA_NAMES: readonly (readonly [string, string])[] = [
  ['model.embed_tokens.weight', 'token_embd.weight'],
  ['model.norm.weight', 'output_norm.weight'],
  ['lm_head.weight', 'output.weight'],
  ['input_layernorm', 'attn_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['self_attn.o_proj', 'attn_output'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
  ['model.layers.', 'blk.'],
];
const GPT2_NAMES: readonly (readonly [string, string])[] = [
  ['transformer.wte.weight', 'token_embd.weight'],
  ['transformer.wpe.weight', 'position_embd.weight'],
  ['transformer.ln_f', 'output_norm'],
  ['lm_head.weight', 'output.weight'],
  ['ln_1', 'attn_norm'],
  ['ln_2', 'ffn_norm'],
  ['attn.c_attn', 'attn_qkv'],
  ['attn.c_proj', 'attn_output'],
  ['mlp.c_fc', 'ffn_up'],
  ['mlp.c_proj', 'ffn_down'],
  ['transformer.h.', 'blk.'],
];

/** A Llama in Hugging Face's layout as llama.cpp's convert_hf_to_gguf.py writes it, in float32. */
export async function llamaGguf(source: Checkpoint, changes: Fields = []): Promise<Uint8Array> {
  const config = readJson(source, 'config.json') as Record<string, number>;
  const fields: Fields = [
    ['general.architecture', field.text('llama')],
    ['general.license', field.text('apache-2.0')],
    ['llama.block_count', field.count(config.num_hidden_layers)],
    ['llama.context_length', field.count(config.max_position_embeddings)],
    ['llama.embedding_length', field.count(config.hidden_size)],
    ['llama.feed_forward_length', field.count(config.intermediate_size)],
    ['llama.attention.head_count', field.count(config.num_attention_heads)],
    ['llama.attention.head_count_kv', field.count(config.num_key_value_heads)],
    ['llama.attention.layer_norm_rms_epsilon', field.float(config.rms_norm_eps)],
    ['llama.rope.freq_base', field.float(10_000)],
    ['llama.rope.dimension_count', field.count(config.hidden_size / config.num_attention_heads)],
    ...tokenizerFields(source),
  ];
  const heads = (name: string) => {
    if (/q_proj/.test(name)) return config.num_attention_heads;
    return /k_proj/.test(name) ? config.num_key_value_heads : undefined;
  };
  const tensors = await writeTensors(source, LLAMA_NAMES, (name, values, shape) => {
    const count = heads(name);
    return { values: count ? interleaved(values, shape, count) : values, shape };
  });
  return buildGguf({ fields: override(fields, changes), tensors });
}

/**
 * A GPT-2 in Hugging Face's layout as convert_hf_to_gguf.py writes it, in float32: matrices are [outputs, inputs].
 * @param replaced tensors that replace others of the same name
 */
export async function gpt2Gguf(source: Checkpoint, changes: Fields = [], replaced: readonly GgufEntry[] = []): Promise<Uint8Array> {
  const config = readJson(source, 'config.json') as Record<string, number>;
  const fields: Fields = [
    ['general.architecture', field.text('gpt2')],
    ['gpt2.block_count', field.count(config.n_layer)],
    ['gpt2.context_length', field.count(config.n_positions)],
    ['gpt2.embedding_length', field.count(config.n_embd)],
    ['gpt2.feed_forward_length', field.count(config.n_inner)],
    ['gpt2.attention.head_count', field.count(config.n_head)],
    ['gpt2.attention.layer_norm_epsilon', field.float(config.layer_norm_epsilon)],
    ...tokenizerFields(source),
  ];
  const tensors = await writeTensors(source, GPT2_NAMES, (name, values, shape) =>
    /(attn\.c_|mlp\.c_).*weight/.test(name) ? { values: transposed(values, shape), shape: shape.toReversed() } : { values, shape },
  );
  return buildGguf({
    fields: override(fields, changes),
    tensors: tensors.map((tensor) => replaced.find(({ name }) => name === tensor.name) ?? tensor),
  });
}

function tokenizerFields(source: Checkpoint): Fields {
  const { model, added_tokens: added } = readJson(source, 'tokenizer.json') as {
    model: { vocab: Record<string, number>; merges: string[][] };
    added_tokens: { id: number; content: string }[];
  };
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  return [
    ['tokenizer.ggml.model', field.text('gpt2')],
    ['tokenizer.ggml.pre', field.text('gpt-2')],
    ['tokenizer.ggml.tokens', field.texts(tokens)],
    ['tokenizer.ggml.token_type', field.integers(tokens.map((_, id) => (added.some((token) => token.id === id) ? 3 : 1)))],
    ['tokenizer.ggml.merges', field.texts(model.merges.map((pair) => pair.join(' ')))],
    ['tokenizer.ggml.bos_token_id', field.count(added[0].id)],
    ['tokenizer.ggml.eos_token_id', field.count(added[0].id)],
  ];
}

type Rewrite = (name: string, values: Float32Array, shape: readonly number[]) => { values: Float32Array; shape: readonly number[] };

async function writeTensors({ weights }: Checkpoint, names: readonly (readonly [string, string])[], rewrite: Rewrite) {
  const tensors: GgufEntry[] = [];
  for (const tensor of weights.tensors.values()) {
    const { values, shape } = rewrite(tensor.name, (await weights.read(tensor.name)).values, tensor.shape);
    const name = names.reduce((text, [from, to]) => text.replace(from, to), tensor.name);
    tensors.push({
      name,
      dimensions: shape.toReversed(),
      type: 0,
      data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    });
  }
  return tensors;
}

/** Later fields replace earlier ones of the same name. */
function override(fields: Fields, changes: Fields): Fields {
  return [...new Map([...fields, ...changes])];
}

/** `weights.reshape(heads, 2, size / 2, columns).swapaxes(1, 2)` in convert_hf_to_gguf.py. */
export function interleaved(values: Float32Array, [rows, columns]: readonly number[], heads: number): Float32Array {
  const size = rows / heads;
  const result = new Float32Array(values.length);
  for (let head = 0; head < heads; head++)
    for (let half = 0; half < 2; half++)
      for (let pair = 0; pair < size / 2; pair++) {
        const from = (head * size + half * (size / 2) + pair) * columns;
        result.set(values.subarray(from, from + columns), (head * size + 2 * pair + half) * columns);
      }
  return result;
}

function transposed(values: Float32Array, [rows, columns]: readonly number[]): Float32Array {
  return values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
}
