#!/usr/bin/env python3
"""Makes the checkpoints tiny-gpt-neo/, tiny-llama/ and tiny-llama-rope3/ in this folder, and the reference in each.

    python make_tiny_models.py [OUTPUT_FOLDER]

The versions are those of make_tiny_gpt2.py. Every weight comes from numpy's PCG64 by seed, so a second run gives the same
bytes. The reference is transformers' own forward pass with eager attention in float32, over whole sequences without a KV
cache, with the weights as stored.
"""
import sys
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import GPTNeoConfig, GPTNeoForCausalLM, LlamaConfig, LlamaForCausalLM
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
}

def fill(model, dtype):
    """Makes norms around 1 and biases around 0, all random, so that one left out or mixed up shows in the logits."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    neo = isinstance(model, GPTNeoForCausalLM)
    for name, parameter in sorted(model.named_parameters()):
        values = rng.standard_normal(tuple(parameter.shape))
        if parameter.ndim == 2:
            # Scores are not scaled. Queries and keys are kept small, or each position would attend to only one.
            sharp = neo and (".q_proj." in name or ".k_proj." in name)
            table = any(part in name for part in ("wte", "wpe", "lm_head", "embed_tokens"))
            values *= 0.4 if table else (0.8 if sharp else 1.6 if neo else 1.2) / parameter.shape[1] ** 0.5
        else:
            values = 1 + 0.3 * values if name.endswith("weight") else 0.3 * values
        parameter.copy_(torch.from_numpy(values.astype(np.float32)).to(dtype))


def make_model(make, config, dtype):
    Config, Model = make
    dropouts = dict(resid_dropout=0.0, embed_dropout=0.0) if Config is GPTNeoConfig else {}
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
        for layer in range(model.config.num_hidden_layers):
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
    OUT = ROOT / folder
    OUT.mkdir(parents=True, exist_ok=True)
    dtype = model_options["dtype"]
    model = make_model(model_options["make"], model_options["config"], dtype)
    write_config(model, dtype, model_options.get("version4", False))
    write_weights(model, dtype, model_options.get("shards", 1), model_options.get("version4", False))
    write_tokenizer(OUT)
    write_reference(OUT, "make_tiny_models.py", model, SEED)
