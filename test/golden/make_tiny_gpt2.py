#!/usr/bin/env python3
"""Makes the checkpoints tiny-gpt2/ and tiny-gpt2-variant/ in this folder, and the reference in each.

    python make_tiny_gpt2.py [OUTPUT_FOLDER]

Made with Python 3.11, torch 2.13.0 (CPU), transformers 5.23.0, tokenizers 0.23.3, safetensors 0.8.0 and numpy 2.4.6. Every
weight comes from numpy's PCG64 by seed, so a second run gives the same bytes. The reference is transformers' own forward
pass with eager attention in float32, over whole sequences without a KV cache.
"""
import sys
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel
from tiny_fixtures import CONTEXT, VOCABULARY, write_json, write_reference, write_tokenizer

SEED = 3
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
# The variant changes every option that the first leaves at GPT-2's default: head sizes that are not a multiple of 16,
# other scales of scores, exact GELU, another epsilon, an output head of its own, and weights in bfloat16.
MODELS = {
    "tiny-gpt2": dict(n_embd=32, n_layer=2, n_head=2, n_inner=96, activation_function="gelu_new"),
    "tiny-gpt2-variant": dict(n_embd=24, n_layer=3, n_head=3, n_inner=48, activation_function="gelu", scale_attn_weights=False,
                              scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3, tie_word_embeddings=False),
}

def fill(model, dtype):
    """Makes norms around 1 and biases around 0, all random, so that one left out or mixed up shows in the logits."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    for name, parameter in sorted(model.named_parameters()):
        values = rng.standard_normal(tuple(parameter.shape))
        if parameter.ndim == 2:
            values *= 0.3 if "wte" in name or "lm_head" in name else 0.4 if "wpe" in name else 2.0 / parameter.shape[0] ** 0.5
        else:
            values = 1 + 0.3 * values if name.endswith("weight") else 0.3 * values
        parameter.copy_(torch.from_numpy(values.astype(np.float32)).to(dtype))


def make_model(options, dtype):
    config = GPT2Config(vocab_size=VOCABULARY, n_positions=CONTEXT, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
                        bos_token_id=VOCABULARY - 1, eos_token_id=VOCABULARY - 1, attn_implementation="eager", **options)
    model = GPT2LMHeadModel(config).eval()
    fill(model, dtype)
    return model


def write_checkpoint(model, dtype):
    config = {key: value for key, value in model.config.to_dict().items() if key not in ("_name_or_path", "transformers_version")}
    write_json(OUT / "config.json", {**config, "architectures": ["GPT2LMHeadModel"], "dtype": str(dtype).removeprefix("torch.")})
    write_json(OUT / "generation_config.json", {"bos_token_id": VOCABULARY - 1, "eos_token_id": VOCABULARY - 1})
    tied = model.config.tie_word_embeddings
    tensors = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items() if not (tied and name == "lm_head.weight")}
    save_file(tensors, OUT / "model.safetensors", metadata={"format": "pt"})


for folder, options in MODELS.items():
    OUT = ROOT / folder
    OUT.mkdir(parents=True, exist_ok=True)
    dtype = torch.float32 if folder == "tiny-gpt2" else torch.bfloat16
    model = make_model(options, dtype)
    write_checkpoint(model, dtype)
    write_tokenizer(OUT)
    write_reference(OUT, "make_tiny_gpt2.py", model, SEED)
