#!/usr/bin/env python3
"""Makes tiny-llama-genai/ in this folder: a decoder graph by ONNX Runtime's own model builder, and its reference.

    pip install numpy torch==2.13.0 transformers==5.23.0 onnx==1.23.2 onnx-ir onnxruntime==1.32.0 onnxruntime-genai==0.18.0
    python make_tiny_genai.py [OUTPUT_FOLDER]

`python -m onnxruntime_genai.models.builder` converts a random LLaMA, whose weights come from numpy's PCG64 by seed, to
4 bits with zero points. model.onnx and model.onnx.data are kept as the builder writes them; config.json and the tokenizer
are the checkpoint's.

The reference is transformers' forward pass with eager attention in float32, over whole sequences without a KV cache. It
uses the weights that the graph holds, dequantized by the numpy code below. PyPI's onnxruntime, running the graph itself,
gives the same greedy tokens. It rounds activations to int8, as the builder's default accuracy_level of 4 allows, which
moves logits by up to 0.4. onnxruntime-web does not round them.
"""
import json, shutil, subprocess, sys, tempfile
from pathlib import Path
import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from transformers import LlamaConfig, LlamaForCausalLM

SEED, CONTEXT, VOCABULARY, GREEDY = 7, 96, 128, 16
WIDTH, HEADS, KEY_VALUE_HEADS = 64, 4, 2
HERE = Path(__file__).parent
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else HERE) / "tiny-llama-genai"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")
# By how much activations in int8 may move a logit.
ACTIVATIONS_TOLERANCE = 0.5
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def write_json(name, value, indent=None):
    separators = None if indent else (",", ":")
    (OUT / name).write_text(json.dumps(value, indent=indent, separators=separators) + "\n", encoding="ascii")


def make_model():
    config = LlamaConfig(vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=96, num_hidden_layers=2, num_attention_heads=HEADS,
                         num_key_value_heads=KEY_VALUE_HEADS, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, tie_word_embeddings=False,
                         bos_token_id=VOCABULARY - 1, eos_token_id=VOCABULARY - 1, attn_implementation="eager")
    model = LlamaForCausalLM(config).eval().float()
    rng = np.random.Generator(np.random.PCG64(SEED))
    for name, parameter in sorted(model.named_parameters()):
        values = rng.standard_normal(tuple(parameter.shape))
        is_table = "embed_tokens" in name or "lm_head" in name
        values = values * (0.4 if is_table else 1.2 / parameter.shape[1] ** 0.5) if parameter.ndim == 2 else 1 + 0.3 * values
        parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    return model


def build(checkpoint, folder):
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", checkpoint, "-i", checkpoint, "-o", folder,
               "-c", f"{folder}-cache", "-p", "int4", "-e", "cpu", "--extra_options", "is_symmetric=false"]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    for name in ("model.onnx", "model.onnx.data"):
        shutil.copyfile(folder / name, OUT / name)


def dequantized(tensors, name):
    """Dequantizes the matrix [outputs, inputs] of a MatMulNBits: 4-bit codes, low nibble first, with a scale and a
    packed zero point for each 32 values of a row."""
    codes, scales = tensors[f"{name}.weight_Q4"], tensors[f"{name}.weight_scales"]
    rows, blocks, _ = codes.shape
    unpack = lambda packed: np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:-1], -1)
    points = unpack(tensors[f"{name}.weight_zero_points"].reshape(rows, -1))[:, :blocks, None].astype(np.float32)
    return ((unpack(codes) - points) * scales.reshape(rows, blocks, 1)).reshape(rows, -1).astype(np.float32)


def take_graph_weights(model):
    """Gives the transformers model the matrices that the graph computes with."""
    tensors = {tensor.name: numpy_helper.to_array(tensor, base_dir=str(OUT)) for tensor in onnx.load(OUT / "model.onnx").graph.initializer}
    take = lambda module, values: module.weight.copy_(torch.from_numpy(np.array(values)))
    for index, layer in enumerate(model.model.layers):
        attention, mlp, prefix = layer.self_attn, layer.mlp, f"model.layers.{index}"
        heads = [module.weight.shape[0] for module in (attention.q_proj, attention.k_proj, attention.v_proj)]
        parts = np.split(dequantized(tensors, f"{prefix}.attn.qkv_proj.MatMul"), np.cumsum(heads)[:-1])
        for module, values in zip((attention.q_proj, attention.k_proj, attention.v_proj), parts):
            take(module, values)
        take(attention.o_proj, dequantized(tensors, f"{prefix}.attn.o_proj.MatMul"))
        for part in ("gate_proj", "up_proj", "down_proj"):
            take(getattr(mlp, part), dequantized(tensors, f"{prefix}.mlp.{part}.MatMul"))
    take(model.lm_head, dequantized(tensors, "lm_head.MatMul"))


def run_graph(session, ids):
    """Returns logits [positions, vocabulary], starting from an empty KV cache."""
    feeds = {"input_ids": np.array([ids], np.int64), "attention_mask": np.ones((1, len(ids)), np.int64)}
    for value in session.get_inputs():
        if value.name.startswith("past_key_values."):
            # The builder leaves the head size open.
            feeds[value.name] = np.zeros((1, KEY_VALUE_HEADS, 0, WIDTH // HEADS), np.float32)
    return session.run(["logits"], feeds)[0][0]


def round_to(values, digits):
    return [float(f"{float(value):.{digits}g}") for value in values]


def refer(model, session, length):
    """Returns the first attempt whose greedy tokens are clear, and the same in onnxruntime."""
    for attempt in range(1000):
        ids = np.random.Generator(np.random.PCG64([SEED, length, attempt])).integers(0, VOCABULARY - 1, length).tolist()
        logits = model(torch.tensor([ids])).logits[0]
        logprobs = torch.log_softmax(logits.double(), -1)
        tokens, margins, is_same = list(ids), [], True
        for _ in range(min(GREEDY, CONTEXT - length)):
            best = torch.topk(model(torch.tensor([tokens])).logits[0, -1], 2)
            margins.append(float(best.values[0] - best.values[1]))
            is_same = is_same and int(best.indices[0]) == int(run_graph(session, tokens)[-1].argmax())
            tokens.append(int(best.indices[0]))
        greedy = tokens[length:]
        varied = len(set(greedy)) >= len(greedy) // 2
        if is_same and varied and min(margins, default=1) > 0.02 and VOCABULARY - 1 not in greedy:
            return {"length": length, "ids": ids, "last_logits": round_to(logits[-1], 7),
                    "prompt_logprobs": [None] + round_to([logprobs[i - 1, ids[i]] for i in range(1, length)], 6),
                    "greedy_ids": greedy, "greedy_margins": round_to(margins, 4)}
    raise SystemExit(f"no clear continuation of {length} tokens")


OUT.mkdir(parents=True, exist_ok=True)
model = make_model()
for name in TOKENIZER:
    shutil.copyfile(HERE / "tiny-llama" / name, OUT / name)
config = {key: value for key, value in model.config.to_dict().items() if key not in ("_name_or_path", "transformers_version")}
write_json("config.json", {**config, "architectures": ["LlamaForCausalLM"]}, indent=1)
write_json("generation_config.json", {"bos_token_id": VOCABULARY - 1, "eos_token_id": VOCABULARY - 1}, indent=1)
with tempfile.TemporaryDirectory() as scratch:
    model.save_pretrained(Path(scratch, "checkpoint"))
    for name in TOKENIZER:
        shutil.copyfile(OUT / name, Path(scratch, "checkpoint", name))
    build(Path(scratch, "checkpoint"), Path(scratch, "graph"))
take_graph_weights(model)
session = onnxruntime.InferenceSession(str(OUT / "model.onnx"), providers=["CPUExecutionProvider"])
sequences = [refer(model, session, length) for length in (1, 7, 33, CONTEXT - GREEDY, CONTEXT)]
distance = max(float(np.abs(run_graph(session, s["ids"])[-1] - np.array(s["last_logits"])).max()) for s in sequences)
print(f"largest difference of a logit between transformers and onnxruntime with activations in int8: {distance:.2f}")
assert distance < ACTIVATIONS_TOLERANCE
write_json("reference.json", {"model": "tiny-llama-genai", "made_by": "make_tiny_genai.py: Hugging Face transformers 5.23.0, torch 2.13.0, float32, eager "
                              "attention, on the dequantized weights of a graph by onnxruntime-genai 0.18.0; greedy tokens also by onnxruntime 1.32.0",
                              "sequences": sequences})
