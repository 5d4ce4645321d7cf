#!/usr/bin/env python3
"""Makes the references of the default model, model-assets/tinystories-gpt2, in this folder.

    pip install numpy==2.4.6 torch==2.13.0 transformers==5.23.0 onnx==1.23.2 jinja2
    python make_tinystories_gpt2.py [OUTPUT_FOLDER] [--checkpoint FOLDER]

tinystories-gpt2/reference.json holds the results of transformers' forward pass with eager attention in float32, over whole
sequences without a KV cache. It uses the weights that the model folder holds: the q8 blocks of model.onnx_data, dequantized
by the numpy code of tinystories_model.py. transformers' tokenizer, made from the folder's tokenizer.json, splits texts, renders chats and
joins tokens.

tinystories-gpt2-checkpoint/reference.json is written with --checkpoint. It holds the same sequences, each with its greedy
continuation, under the weights that the folder was converted from, a Hugging Face checkpoint in float16. The difference is
the cost of quantization.
"""
import argparse
from pathlib import Path

import numpy as np
import torch
from tiny_fixtures import round_to, write_json
from tinystories_model import MODEL, make_model, read_weights
from transformers import AutoTokenizer, GPT2LMHeadModel

HERE = Path(__file__).parent
GREEDY, TOP = 60, 5
VERSIONS = "make_tinystories_gpt2.py: Hugging Face transformers 5.23.0, torch 2.13.0, float32, eager attention"
# Whether the ids begin with BOS, as those of a text cannot, and whether the 4,096 logits after the last id are kept.
PROMPTS = (
    ("Once upon a time", False, True),
    ("One day, Lily found a big red box in the garden. She", False, True),
    ("The dog was very sad because", True, False),
    ("Tom and Ben were playing with a ball. Suddenly, the ball", False, False),
    ('"I am not scared," said the little', True, False),
)
CHATS = ("Tell me a story about a cat.", "Write a story about Tom with the words boat and storm.")


def log_probabilities(model, ids):
    """Returns log-probabilities in float64, [positions, vocabulary], and the logits in float32."""
    logits = model(torch.tensor([ids]), use_cache=False).logits[0]
    return torch.log_softmax(logits.double(), -1), logits


def decimals(values):
    return [round(float(value), 6) for value in values]


def score(logprobs, ids):
    return [None] + decimals(logprobs[index - 1, ids[index]] for index in range(1, len(ids)))


def refer(model, tokenizer, ids, with_logits):
    logprobs, logits = log_probabilities(model, ids)
    result = {"ids": ids, "prompt_logprobs": score(logprobs, ids), **({"last_logits": round_to(logits[-1], 7)} if with_logits else {}),
              "greedy_ids": [], "greedy_logprobs": [], "greedy_margins": [], "greedy_top5": []}
    for _ in range(GREEDY):
        top = log_probabilities(model, ids + result["greedy_ids"])[0][-1].topk(TOP)
        result["greedy_ids"].append(int(top.indices[0]))
        result["greedy_logprobs"] += decimals(top.values[:1])
        result["greedy_margins"].append(round(float(top.values[0] - top.values[1]), 4))
        result["greedy_top5"].append({"ids": top.indices.tolist(), "logprobs": decimals(top.values)})
    prefixes = [tokenizer.decode(result["greedy_ids"][:length], skip_special_tokens=True) for length in range(GREEDY + 1)]
    return {**result, "greedy_text": prefixes[-1], "greedy_prefix": prefixes}


def prompt_ids(tokenizer, text, with_bos=False):
    return [tokenizer.bos_token_id] * with_bos + tokenizer(text, add_special_tokens=False).input_ids


def make_reference(model, tokenizer):
    prompts = [{"text": text, "with_bos": with_bos, **refer(model, tokenizer, prompt_ids(tokenizer, text, with_bos), with_logits)}
               for text, with_bos, with_logits in PROMPTS]
    chats = []
    for content in CHATS:
        messages = [{"role": "user", "content": content}]
        rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        chats.append({"messages": messages, "rendered": rendered, **refer(model, tokenizer, prompt_ids(tokenizer, rendered), False)})
    return {"model": "tinystories-gpt2", "made_by": f"{VERSIONS}, on the dequantized weights of the model folder, in q8", "prompts": prompts, "chats": chats}


def compare_weights(weights, checkpoint):
    """Checks that each weight is within half a step of its block. A step is a 127th to a 128th of the block's largest
    magnitude, or a little more."""
    for name, original in checkpoint.transformer.named_parameters():
        furthest = float(np.abs(weights[name] - original.numpy()).max() / np.abs(original.numpy()).max())
        assert furthest < 0.006 and (furthest == 0) == (original.ndim == 1), f"{name} is {furthest} off"


arguments = argparse.ArgumentParser()
arguments.add_argument("output", type=Path, nargs="?", default=HERE)
arguments.add_argument("--checkpoint", type=Path)
arguments = arguments.parse_args()
tokenizer = AutoTokenizer.from_pretrained(MODEL)
weights = read_weights(MODEL)
reference = make_reference(make_model(MODEL, weights), tokenizer)
targets = [arguments.output / "tinystories-gpt2"]
targets[0].mkdir(parents=True, exist_ok=True)
write_json(targets[0] / "reference.json", reference)
if arguments.checkpoint:
    original = GPT2LMHeadModel.from_pretrained(arguments.checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
    compare_weights(weights, original)
    sequences = [row["ids"] + row["greedy_ids"] for row in reference["prompts"] + reference["chats"]]
    target = arguments.output / "tinystories-gpt2-checkpoint"
    target.mkdir(parents=True, exist_ok=True)
    write_json(target / "reference.json", {
        "model": "tinystories-gpt2", "made_by": f"{VERSIONS}, on the checkpoint's weights, in float16 exactly",
        "sequences": [{"ids": ids, "logprobs": score(log_probabilities(original, ids)[0], ids)} for ids in sequences]})
