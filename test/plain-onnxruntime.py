#!/usr/bin/env python3
"""Runs a converted model folder in onnxruntime as it comes from PyPI, and compares it with a reference.

    pip install onnxruntime
    python test/plain-onnxruntime.py MODEL_FOLDER REFERENCE_JSON [TOLERANCE]

REFERENCE_JSON holds `sequences`, each with `ids`, the `last_logits` after them and the `greedy_ids` that follow. Prints the largest
difference of each sequence, once with the prompt in one call and once token by token. Exit code 1 where one is over TOLERANCE (default
2e-4) or a greedy token differs. Nothing of this project is used: graph and weights speak for themselves.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def empty_past(session, config):
    """A KV cache of no positions. Its other sizes are in the graph, or in config.json if the graph leaves them open."""
    heads = config.get("num_attention_heads")
    sizes = {1: config.get("num_key_value_heads") or heads, 3: config.get("head_dim") or heads and config["hidden_size"] // heads}
    size = lambda cache, axis: cache.shape[axis] if isinstance(cache.shape[axis], int) else sizes[axis]
    caches = [value for value in session.get_inputs() if value.name.startswith("past_key_values.")]
    return {cache.name: np.zeros((1, size(cache, 1), 0, size(cache, 3)), np.float32) for cache in caches}


def forward(session, past, ids):
    """The logits after the last of `ids`, and the KV cache that holds them too."""
    length = next(iter(past.values())).shape[2]
    inputs = {
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, length + len(ids)), np.int64),
        "position_ids": np.arange(length, length + len(ids), dtype=np.int64)[None],
        "num_logits_to_keep": np.array(1, np.int64),
    }
    asked = {value.name for value in session.get_inputs()}
    names = [value.name for value in session.get_outputs()]
    feeds = {name: value for name, value in inputs.items() if name in asked}
    outputs = dict(zip(names, session.run(names, {**feeds, **past})))
    return outputs["logits"][0, -1], {name: outputs[name.replace("past_key_values", "present")] for name in past}


def compare(session, config, sequence):
    """The largest difference of the logits in one call, the same token by token, and whether the greedy tokens are the reference's."""
    expected = np.array(sequence["last_logits"], np.float32)
    whole, past = forward(session, empty_past(session, config), sequence["ids"])
    single, steps = None, empty_past(session, config)
    for token in sequence["ids"]:
        single, steps = forward(session, steps, [token])
    logits, greedy = whole, []
    for _ in sequence["greedy_ids"]:
        greedy.append(int(np.argmax(logits)))
        if len(greedy) < len(sequence["greedy_ids"]):
            logits, past = forward(session, past, greedy[-1:])
    return np.abs(whole - expected).max(), np.abs(single - expected).max(), greedy == sequence["greedy_ids"]


def main(folder, reference, tolerance="2e-4"):
    session = onnxruntime.InferenceSession(str(Path(folder, "model.onnx")), providers=["CPUExecutionProvider"])
    config = json.loads(Path(folder, "config.json").read_text())
    good = True
    for sequence in json.loads(Path(reference).read_text())["sequences"]:
        whole, single, same = compare(session, config, sequence)
        print(f"{len(sequence['ids'])} tokens: {whole:.1e} in one call, {single:.1e} token by token, greedy tokens {'equal' if same else 'DIFFER'}")
        good = good and same and max(whole, single) < float(tolerance)
    print(f"onnxruntime {onnxruntime.__version__}: {'equal' if good else 'NOT EQUAL'} within {tolerance}")
    return 0 if good else 1


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
