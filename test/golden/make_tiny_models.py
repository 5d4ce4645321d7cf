#!/usr/bin/env python3
"""Makes the checkpoints tiny-gpt-neo/, tiny-llama/ and tiny-llama-rope3/ in this folder, and the reference in each.

    python make_tiny_models.py [OUTPUT_FOLDER]

Versions and manner are those of make_tiny_gpt2.py: every weight comes from numpy's PCG64 by seed, a second run gives the same bytes. The
reference is transformers' own forward pass, eager attention, float32, over whole sequences without a KV cache, from the weights as stored.
"""
import json, sys
from pathlib import Path
import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPTNeoConfig, GPTNeoForCausalLM, LlamaConfig, LlamaForCausalLM

SEED, CONTEXT, VOCABULARY, GREEDY = 5, 96, 128, 16
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
LLAMA = dict(num_hidden_layers=2, rms_norm_eps=1e-5)
MODELS = {
    # Two runs of layers, heads of 8 values, and a window that most sequences are longer than.
    "tiny-gpt-neo": dict(make=(GPTNeoConfig, GPTNeoForCausalLM), dtype=torch.float32, config=dict(
        hidden_size=32, num_layers=3, num_heads=4, intermediate_size=64, window_size=8,
        attention_types=[[["local"], 1], [["global", "local"], 1]])),
    # transformers-5 keys, heads of 8 values, three queries to a key, a head of its own, and two shards.
    "tiny-llama": dict(make=(LlamaConfig, LlamaForCausalLM), dtype=torch.bfloat16, shards=2, config=dict(
        LLAMA, hidden_size=48, intermediate_size=80, num_attention_heads=6, num_key_value_heads=2, tie_word_embeddings=False)),
    # transformers-4 keys, heads of 20 values that together are wider than the model, theta and epsilon that are no defaults, positions
    # stretched by four; frequencies as old checkpoints carry them along.
    "tiny-llama-rope3": dict(make=(LlamaConfig, LlamaForCausalLM), dtype=torch.float16, version4=True, config=dict(
        LLAMA, hidden_size=32, intermediate_size=64, num_attention_heads=4, num_key_value_heads=1, head_dim=20, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="llama3", rope_theta=500.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                             original_max_position_embeddings=32))),
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
    neo = isinstance(model, GPTNeoForCausalLM)
    for name, parameter in sorted(model.named_parameters()):
        values = rng.standard_normal(tuple(parameter.shape))
        if parameter.ndim == 2:
            # GPT-Neo's scores are not scaled: its queries and keys are kept small, or each position would see a single one.
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
    write_json("config.json", config)
    write_json("generation_config.json", {"bos_token_id": VOCABULARY - 1, "eos_token_id": VOCABULARY - 1})


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
    write_json("model.safetensors.index.json", {"metadata": {"total_size": size}, "weight_map": places})


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


for folder, model_options in MODELS.items():
    OUT = ROOT / folder
    OUT.mkdir(parents=True, exist_ok=True)
    dtype = model_options["dtype"]
    model = make_model(model_options["make"], model_options["config"], dtype)
    write_config(model, dtype, model_options.get("version4", False))
    write_weights(model, dtype, model_options.get("shards", 1), model_options.get("version4", False))
    write_tokenizer()
    write_json("reference.json", {"model": folder, "made_by": "make_tiny_models.py: Hugging Face transformers 5.23.0, torch 2.13.0, float32, eager attention",
                                  "sequences": [refer(model, length) for length in (1, 7, 33, CONTEXT - GREEDY, CONTEXT)]})
