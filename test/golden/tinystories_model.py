"""The default model, model-assets/tinystories-gpt2, as transformers' GPT-2 with the weights that its folder holds."""
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from transformers import GPT2Config, GPT2LMHeadModel

MODEL = Path(__file__).parent.parent.parent / "model-assets/tinystories-gpt2"
MIDDLE = 128


def dequantized(tensors, name, scales=None):
    """Dequantizes [rows, width] of 8-bit codes around 128, with a scale for each 32 values of a row."""
    codes, scales = tensors[name], tensors[scales or f"{name}.scales"]
    rows, blocks, _ = codes.shape
    return ((codes.astype(np.float32) - MIDDLE) * scales.reshape(rows, blocks, 1)).reshape(rows, -1)


def read_weights(folder):
    """Returns the model folder's weights by transformers' names. The folder's matrices are [outputs, inputs], GPT-2's
    are [inputs, outputs]."""
    tensors = {tensor.name: numpy_helper.to_array(tensor, base_dir=str(folder)) for tensor in onnx.load(folder / "model.onnx").graph.initializer}
    weights = {"wte.weight": dequantized(tensors, "token_embedding.weight", "token_embedding.scales"),
               "wpe.weight": dequantized(tensors, "position_embedding.weight", "position_embedding.scales"),
               "ln_f.weight": tensors["final_norm.weight"], "ln_f.bias": tensors["final_norm.bias"]}
    assert np.array_equal(tensors["token_embedding.scales"].ravel(), tensors["logits.scales"].ravel())
    norms = {"ln_1": "attention.norm", "ln_2": "feed_forward.norm"}
    matrices = {"attn.c_attn": "attention.qkv", "attn.c_proj": "attention.output", "mlp.c_fc": "feed_forward.up", "mlp.c_proj": "feed_forward.down"}
    for layer in range(json.loads((folder / "config.json").read_text())["n_layer"]):
        for name, own in {**norms, **matrices}.items():
            own, name = f"layers.{layer}.{own}", f"h.{layer}.{name}"
            weights[f"{name}.weight"] = tensors[f"{own}.weight"] if "ln_" in name else dequantized(tensors, f"{own}.weight").T
            weights[f"{name}.bias"] = tensors[f"{own}.bias"]
    return weights


def make_model(folder, weights):
    model = GPT2LMHeadModel(GPT2Config.from_pretrained(folder, attn_implementation="eager")).eval().float()
    parameters = dict(model.transformer.named_parameters())
    assert parameters.keys() == weights.keys() and model.lm_head.weight is model.transformer.wte.weight
    for name, values in weights.items():
        assert tuple(parameters[name].shape) == values.shape
        parameters[name].copy_(torch.from_numpy(np.array(values)))
    return model
