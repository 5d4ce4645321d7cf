#!/usr/bin/env python3
"""Makes the checkpoints tiny-gpt-neo/, tiny-llama…/, tiny-mistral/, tiny-qwen…/, tiny-gemma3/, tiny-gpt-neox…/ and tiny-opt…/ in
this folder, and the reference in each.

    python make_tiny_models.py [OUTPUT_FOLDER [NAME...]]

The versions are those of make_tiny_gpt2.py; the families after LLaMA were made with transformers 5.24.0. Every weight comes from numpy's PCG64 by seed, so a second run gives the same
bytes. The reference is transformers' own forward pass with eager attention in float32, over whole sequences without a KV
cache, with the weights as stored.
"""
import sys
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import (Gemma3ForCausalLM, Gemma3TextConfig, GPTNeoConfig, GPTNeoForCausalLM, GPTNeoXConfig, GPTNeoXForCausalLM, LlamaConfig,
                          LlamaForCausalLM, MistralConfig, MistralForCausalLM, OPTConfig, OPTForCausalLM, Qwen2Config, Qwen2ForCausalLM,
                          Qwen3Config, Qwen3ForCausalLM)
from tiny_fixtures import CONTEXT, VOCABULARY, write_json, write_reference, write_tokenizer

SEED = 5
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
LLAMA = dict(num_hidden_layers=2, rms_norm_eps=1e-5)
MODELS = {
    # Two runs of layer kinds, heads of 8 values, and a window that most sequences exceed.
    "tiny-gpt-neo": dict(make=(GPTNeoConfig, GPTNeoForCausalLM), dtype=torch.float32, config=dict(
        hidden_size=32, num_layers=3, num_heads=4, intermediate_size=64, window_size=8,
        attention_types=[[["local"], 1], [["global", "local"], 1]])),
    # Keys of transformers 5, heads of 8 values, three queries to a key, an output head of its own, and two shards.
    "tiny-llama": dict(make=(LlamaConfig, LlamaForCausalLM), dtype=torch.bfloat16, shards=2, config=dict(
        LLAMA, hidden_size=48, intermediate_size=80, num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=False)),
    # Keys of transformers 4, heads of 20 values that together are wider than the model, theta and epsilon other than
    # the defaults, positions stretched by four, and frequencies as old checkpoints carry them along.
    "tiny-llama-rope3": dict(make=(LlamaConfig, LlamaForCausalLM), dtype=torch.float16, version4=True, config=dict(
        LLAMA, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=1, head_dim=20, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=32))),
    # Biases everywhere, and positions stretched evenly.
    "tiny-llama-bias": dict(make=(LlamaConfig, LlamaForCausalLM), dtype=torch.float16, version4=True, config=dict(
        LLAMA, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True, attention_bias=True,
        mlp_bias=True, rope_parameters=dict(rope_type="linear", rope_theta=1000.0, factor=4.0))),
    # A window that most sequences exceed.
    "tiny-mistral": dict(make=(MistralConfig, MistralForCausalLM), dtype=torch.float16, config=dict(
        LLAMA, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2, sliding_window=7, tie_word_embeddings=False)),
    # Positions stretched as Qwen 2.5 does for long texts. The attention factor is not 1.
    "tiny-qwen2": dict(make=(Qwen2Config, Qwen2ForCausalLM), dtype=torch.float16, config=dict(
        LLAMA, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="yarn", rope_theta=1000.0, factor=4.0, original_max_position_embeddings=24, beta_fast=4.0))),
    # Heads of 20 values, which are filled up in the graph, so that their norms have to be adapted.
    "tiny-qwen3": dict(make=(Qwen3Config, Qwen3ForCausalLM), dtype=torch.float16, config=dict(
        LLAMA, hidden_size=32, intermediate_size=64, num_attention_heads=3, num_key_value_heads=1, head_dim=20, tie_word_embeddings=True)),
    # Local and global layers in no regular order, with rotary positions that differ; the global ones are stretched.
    "tiny-gemma3": dict(make=(Gemma3TextConfig, Gemma3ForCausalLM), dtype=torch.float16, table=0.1, config=dict(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=24, query_pre_attn_scalar=20,
        rms_norm_eps=1e-5, sliding_window=6, layer_types=["sliding_attention", "full_attention", "sliding_attention"], tie_word_embeddings=True,
        rope_parameters={"sliding_attention": dict(rope_type="default", rope_theta=100.0),
                         "full_attention": dict(rope_type="linear", rope_theta=5000.0, factor=2.0)})),
    # A part of each head is rotated, and that part is no multiple of 4 values.
    "tiny-gpt-neox": dict(make=(GPTNeoXConfig, GPTNeoXForCausalLM), dtype=torch.float16, spread=2.0, config=dict(
        hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, hidden_act="gelu", tie_word_embeddings=False,
        rope_parameters=dict(rope_type="default", rope_theta=1000.0, partial_rotary_factor=0.25))),
    # The other settings: one half of a layer after the other, whole heads rotated, no biases in attention, tied.
    "tiny-gpt-neox-variant": dict(make=(GPTNeoXConfig, GPTNeoXForCausalLM), dtype=torch.float16, spread=2.5, config=dict(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, hidden_act="gelu_new", tie_word_embeddings=True,
        use_parallel_residual=False, attention_bias=False, layer_norm_eps=1e-3,
        rope_parameters=dict(rope_type="default", rope_theta=1000.0, partial_rotary_factor=1.0))),
    "tiny-opt": dict(make=(OPTConfig, OPTForCausalLM), dtype=torch.float16, spread=2.0, config=dict(
        hidden_size=32, ffn_dim=64, num_hidden_layers=2, num_attention_heads=4, tie_word_embeddings=True)),
    # As OPT-350M: norms after each half of a layer, and embeddings narrower than the layers.
    "tiny-opt-variant": dict(make=(OPTConfig, OPTForCausalLM), dtype=torch.float16, spread=2.0, config=dict(
        hidden_size=32, ffn_dim=64, num_hidden_layers=2, num_attention_heads=2, tie_word_embeddings=True, do_layer_norm_before=False,
        word_embed_proj_dim=24, activation_function="gelu")),
}
ONLY = sys.argv[2:] or list(MODELS)

def fill(model, dtype):
    """Makes norms around 1 and biases around 0, all random, so that one left out or mixed up shows in the logits."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    neo = isinstance(model, GPTNeoForCausalLM)
    for name, parameter in sorted(model.named_parameters()):
        values = rng.standard_normal(tuple(parameter.shape))
        if parameter.ndim == 2:
            # Scores are not scaled. Queries and keys are kept small, or each position would attend to only one.
            sharp = neo and (".q_proj." in name or ".k_proj." in name)
            table = any(part in name for part in ("wte", "wpe", "lm_head", "embed_tokens", "embed_positions", "embed_in", "embed_out"))
            values *= model_options.get("table", 0.4) if table else (0.8 if sharp else 1.6 if neo else model_options.get("spread", 1.2)) / parameter.shape[1] ** 0.5
        else:
            around_1 = name.endswith("weight") and not isinstance(model, Gemma3ForCausalLM)
            values = 1 + 0.3 * values if around_1 else 0.3 * values
        parameter.copy_(torch.from_numpy(values.astype(np.float32)).to(dtype))


def make_model(make, config, dtype):
    Config, Model = make
    dropouts = {GPTNeoConfig: dict(resid_dropout=0.0, embed_dropout=0.0), GPTNeoXConfig: dict(hidden_dropout=0.0),
                OPTConfig: dict(dropout=0.0, pad_token_id=1)}.get(Config, {})
    settings = Config(vocab_size=VOCABULARY, max_position_embeddings=CONTEXT, attention_dropout=0.0, bos_token_id=VOCABULARY - 1,
                      eos_token_id=VOCABULARY - 1, attn_implementation="eager", **dropouts, **config)
    model = Model(settings).eval().float()
    fill(model, dtype)
    return model


def write_config(model, dtype, version4):
    config = {key: value for key, value in model.config.to_dict().items() if key not in ("_name_or_path", "transformers_version")}
    config = {**config, "architectures": [type(model).__name__], "dtype": str(dtype).removeprefix("torch.")}
    if version4:
        rope = config.pop("rope_parameters")
        config |= {"torch_dtype": config.pop("dtype"), "rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}
    write_json(OUT / "config.json", config)
    write_json(OUT / "generation_config.json", {"bos_token_id": VOCABULARY - 1, "eos_token_id": VOCABULARY - 1})


def write_weights(model, dtype, shards, version4):
    tensors = {name: tensor.to(dtype).contiguous() for name, tensor in sorted(model.named_parameters())}
    if version4:
        for layer in range(model.config.num_hidden_layers if OUT.name == "tiny-llama-rope3" else 0):
            tensors[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = model.model.rotary_emb.inv_freq.clone()
    if shards == 1:
        return save_file(tensors, OUT / "model.safetensors", metadata={"format": "pt"})
    names, files = list(tensors), [f"model-{shard + 1:05d}-of-{shards:05d}.safetensors" for shard in range(shards)]
    places = {name: files[index * shards // len(names)] for index, name in enumerate(names)}
    for file in files:
        save_file({name: tensors[name] for name in names if places[name] == file}, OUT / file, metadata={"format": "pt"})
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    write_json(OUT / "model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": places})


for folder, model_options in MODELS.items():
    if folder not in ONLY:
        continue
    OUT = ROOT / folder
    OUT.mkdir(parents=True, exist_ok=True)
    dtype = model_options["dtype"]
    model = make_model(model_options["make"], model_options["config"], dtype)
    write_config(model, dtype, model_options.get("version4", False))
    write_weights(model, dtype, model_options.get("shards", 1), model_options.get("version4", False))
    write_tokenizer(OUT)
    write_reference(OUT, "make_tiny_models.py", model, SEED)
