#!/usr/bin/env python3
"""Writes gguf/<name>.gguf in this folder: the tiny checkpoints of the families that llama.cpp knows, in GGUF.

    pip install gguf==0.19.0 torch==2.13.0 safetensors
    python make_tiny_ggufs.py [OUTPUT_FOLDER [NAME...]]

Fields and tensors are those that llama.cpp's convert_hf_to_gguf.py writes, with names by the `gguf` package: matrices as the
checkpoint has them, vectors in float32, Llama's query and key rows interleaved, GPT-NeoX's packed matrix separated into
queries, keys and values, and 1 added to the norms of Gemma. tiny-llama-rope3 has its stretched positions as factors in the
tensor rope_freqs, as Llama 3.1 has. The reference is the checkpoint's own.
"""
import json, math, sys
from pathlib import Path
import numpy as np
import torch
from gguf import MODEL_ARCH, GGUFWriter, RopeScalingType, TensorNameMap, TokenType, get_tensor_name_map
from safetensors.torch import load_file

HERE = Path(__file__).parent
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else HERE) / "gguf"
MODELS = {"tiny-llama-rope3": MODEL_ARCH.LLAMA, "tiny-llama-bias": MODEL_ARCH.LLAMA, "tiny-mistral": MODEL_ARCH.LLAMA, "tiny-qwen2": MODEL_ARCH.QWEN2,
          "tiny-qwen3": MODEL_ARCH.QWEN3, "tiny-gemma3": MODEL_ARCH.GEMMA3, "tiny-gpt-neox": MODEL_ARCH.GPTNEOX}
ONLY = sys.argv[2:] or list(MODELS)


def rope_of(config):
    """Returns rotary parameters of the global layers, in the keys of transformers 5."""
    rope = config.get("rope_parameters") or {"rope_theta": config["rope_theta"], **(config.get("rope_scaling") or {})}
    return rope.get("full_attention", rope)


def add_rotary(writer, config, head_size):
    rope = rope_of(config)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(int(head_size * rope.get("partial_rotary_factor", 1)))
    if "sliding_attention" in config.get("rope_parameters", {}):
        writer.add_rope_freq_base_swa(config["rope_parameters"]["sliding_attention"]["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
    if rope["rope_type"] == "llama3":
        writer.add_tensor("rope_freqs.weight", llama3_factors(rope, head_size))


def llama3_factors(rope, size):
    """By how much each period is stretched, as convert_hf_to_gguf.py computes it for Llama 3.1."""
    factors = []
    for frequency in 1 / rope["rope_theta"] ** (np.arange(0, size, 2) / size):
        wavelength, original = 2 * math.pi / frequency, rope["original_max_position_embeddings"]
        low, high = rope["low_freq_factor"], rope["high_freq_factor"]
        smooth = (original / wavelength - low) / (high - low)
        if wavelength < original / high: factors.append(1)
        elif wavelength > original / low: factors.append(rope["factor"])
        else: factors.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def add_sizes(writer, config, arch):
    heads, width = config["num_attention_heads"], config["hidden_size"]
    head_size = config.get("head_dim") or width // heads
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(width)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    if arch == MODEL_ARCH.GPTNEOX:
        writer.add_layer_norm_eps(config["layer_norm_eps"])
        writer.add_parallel_residual(config["use_parallel_residual"])
    else:
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_key_length(head_size)
        writer.add_value_length(head_size)
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if config["model_type"] in ("mistral", "gemma3_text"):
        writer.add_sliding_window(config["sliding_window"])
    if arch == MODEL_ARCH.GEMMA3:
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config["layer_types"]])
        writer.add_attention_scale(config["query_pre_attn_scalar"] ** -0.5)
    add_rotary(writer, config, head_size)


def add_tokenizer(writer, folder):
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokens = {**tokenizer["model"]["vocab"], **{token["content"]: token["id"] for token in tokenizer["added_tokens"]}}
    special = {token["id"] for token in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(tokens, key=tokens.get))
    writer.add_token_types([TokenType.CONTROL if index in special else TokenType.NORMAL for index in range(len(tokens))])
    merges = tokenizer["model"]["merges"]
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    writer.add_bos_token_id(min(special))
    writer.add_eos_token_id(min(special))


def rearranged(name, tensor, config, arch):
    heads = config["num_attention_heads"]
    if arch == MODEL_ARCH.LLAMA and (".q_proj." in name or ".k_proj." in name):
        count = heads if ".q_proj." in name else config["num_key_value_heads"]
        return tensor.reshape(count, 2, -1, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)
    if arch == MODEL_ARCH.GPTNEOX and "query_key_value" in name:
        return tensor.reshape(heads, 3, -1, *tensor.shape[1:]).swapaxes(0, 1).reshape(tensor.shape)
    return tensor + 1 if arch == MODEL_ARCH.GEMMA3 and name.endswith("norm.weight") else tensor


def write(folder, arch):
    config = json.loads((folder / "config.json").read_text())
    writer = GGUFWriter(OUT / f"{folder.name}.gguf", "llama" if arch == MODEL_ARCH.LLAMA else arch.name.lower())
    add_sizes(writer, config, arch)
    add_tokenizer(writer, folder)
    names: TensorNameMap = get_tensor_name_map(arch, config["num_hidden_layers"])
    for name, tensor in sorted(load_file(folder / "model.safetensors").items()):
        if name.endswith("inv_freq"):
            continue
        is_vector = tensor.ndim == 1
        values = rearranged(name, (tensor.float() if is_vector else tensor), config, arch)
        own = names.get_name(name.replace("lm_head", "embed_out") if arch == MODEL_ARCH.GPTNEOX else name, try_suffixes=(".weight", ".bias"))
        writer.add_tensor(own, np.ascontiguousarray(values.numpy()))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


OUT.mkdir(parents=True, exist_ok=True)
for model in ONLY:
    write(HERE / model, MODELS[model])
