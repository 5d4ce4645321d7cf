#!/usr/bin/env python3
"""Makes the checkpoints tiny-gpt2/ and tiny-gpt2-variant/ in this folder, and the reference in each.

    python make_tiny_gpt2.py [OUTPUT_FOLDER]

Python 3.11, torch 2.13.0 (CPU), transformers 5.23.0, tokenizers 0.23.3, safetensors 0.8.0, numpy 2.4.6. Every weight comes from numpy's
PCG64 by seed: a second run gives the same bytes. The reference is transformers' own forward pass, eager attention, float32, over whole
sequences without a KV cache.
"""
import json, sys
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel

SEED, CONTEXT, VOCABULARY, GREEDY = 3, 96, 128, 16
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
# The variant has all that the first leaves at GPT-2's defaults: heads that are no multiple of 16, scores scaled otherwise,
# exact GELU, another epsilon, a head of its own, and weights in bfloat16.
MODELS = {
    "tiny-gpt2": dict(n_embd=32, n_layer=2, n_head=2, n_inner=96, activation_function="gelu_new"),
    "tiny-gpt2-variant": dict(n_embd=24, n_layer=3, n_head=3, n_inner=48, activation_function="gelu", scale_attn_weights=False,
                              scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3, tie_word_embeddings=False),
}
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def write_json(name, value):
    (OUT / name).write_text(json.dumps(value, separators=(",", ":") if name == "reference.json" else None,
                                       indent=None if name == "reference.json" else 1) + "\n", encoding="ascii")


def round_to(values, digits):
    return [float(f"{float(value):.{digits}g}") for value in values]


def fill(model, dtype):
    """Norms around 1, biases around 0, all random: one left out or mixed up shows in the logits."""
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
    write_json("config.json", {**config, "architectures": ["GPT2LMHeadModel"], "dtype": str(dtype).removeprefix("torch.")})
    write_json("generation_config.json", {"bos_token_id": VOCABULARY - 1, "eos_token_id": VOCABULARY - 1})
    tied = model.config.tie_word_embeddings
    tensors = {name: tensor.to(dtype).contiguous() for name, tensor in model.state_dict().items() if not (tied and name == "lm_head.weight")}
    save_file(tensors, OUT / "model.safetensors", metadata={"format": "pt"})


def write_tokenizer():
    """Byte-level BPE of exactly the vocabulary: printable ASCII, space and newline, some other bytes, the end of text last."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet(), key=lambda c: (not "!" <= c <= "~", c not in "\u0120\u010a", c))
    vocabulary = {character: index for index, character in enumerate(alphabet[:VOCABULARY - 9])}
    merges = [("t", "h"), ("th", "e"), ("a", "n"), ("an", "d"), ("i", "n"), ("in", "g"), ("\u0120", "the"), ("\u0120", "and")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    assert tokenizer.get_vocab_size() == VOCABULARY and tokenizer.token_to_id("<|endoftext|>") == VOCABULARY - 1
    (OUT / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")
    write_json("tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>",
                                         "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False})


def refer(model, length):
    """The first attempt whose greedy tokens are all clear: margins over 0.02, far above float32's noise; no end
    of text, and not one token over and over."""
    for attempt in range(1000):
        ids = np.random.Generator(np.random.PCG64([SEED, length, attempt])).integers(0, VOCABULARY - 1, length).tolist()
        logits = model(torch.tensor([ids])).logits[0]
        logprobs = torch.log_softmax(logits.double(), -1)
        tokens, margins = list(ids), []
        for _ in range(min(GREEDY, CONTEXT - length)):
            best = torch.topk(model(torch.tensor([tokens])).logits[0, -1], 2)
            margins.append(float(best.values[0] - best.values[1]))
            tokens.append(int(best.indices[0]))
        greedy = tokens[length:]
        varied = len(set(greedy)) >= len(greedy) // 2
        if varied and min(margins, default=1) > 0.02 and VOCABULARY - 1 not in greedy:
            return {"length": length, "ids": ids, "last_logits": round_to(logits[-1], 7),
                    "prompt_logprobs": [None] + round_to([logprobs[i - 1, ids[i]] for i in range(1, length)], 6),
                    "greedy_ids": greedy, "greedy_margins": round_to(margins, 4)}
    raise SystemExit(f"no clear continuation of {length} tokens")


for folder, options in MODELS.items():
    OUT = ROOT / folder
    OUT.mkdir(parents=True, exist_ok=True)
    dtype = torch.float32 if folder == "tiny-gpt2" else torch.bfloat16
    model = make_model(options, dtype)
    write_checkpoint(model, dtype)
    write_tokenizer()
    write_json("reference.json", {"model": folder, "made_by": "make_tiny_gpt2.py: Hugging Face transformers 5.23.0, torch 2.13.0, float32, eager attention",
                                  "sequences": [refer(model, length) for length in (1, 7, 33, CONTEXT - GREEDY, CONTEXT)]})
