#!/usr/bin/env python3
"""Makes tiny-qwen3-genai/ in this folder: a Qwen3 decoder graph by ONNX Runtime's own model builder, and its reference.

    pip install numpy torch==2.13.0 transformers==5.24.0 onnx==1.23.2 onnx-ir==1.1.0 onnxruntime==1.32.0 onnxruntime-genai==0.18.0
    python make_tiny_qwen3_genai.py [OUTPUT_FOLDER]

The builder writes float32, one matrix for query, key and value, norms of each head between two reshapes, and a tied table that
is stored transposed. Weights come from numpy's PCG64 by seed, so a second run gives the same bytes. The reference is
transformers' forward pass with eager attention in float32, over whole sequences without a KV cache.
"""
import shutil, subprocess, sys, tempfile
from pathlib import Path
import numpy as np
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM
from tiny_fixtures import CONTEXT, VOCABULARY, write_json, write_reference, write_tokenizer

SEED = 9
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent) / "tiny-qwen3-genai"


def make_model():
    config = Qwen3Config(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2, head_dim=16, max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, tie_word_embeddings=True,
                         bos_token_id=VOCABULARY - 1, eos_token_id=VOCABULARY - 1, attention_dropout=0.0, attn_implementation="eager")
    model = Qwen3ForCausalLM(config).eval().float()
    rng = np.random.Generator(np.random.PCG64(SEED))
    for name, parameter in sorted(model.named_parameters()):
        values = rng.standard_normal(tuple(parameter.shape))
        values = values * (0.4 if "embed_tokens" in name else 1.2 / parameter.shape[1] ** 0.5) if parameter.ndim == 2 else 1 + 0.3 * values
        parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    return model


def build(checkpoint, folder):
    command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", checkpoint, "-i", checkpoint, "-o", folder,
               "-c", f"{folder}-cache", "-p", "fp32", "-e", "cpu"]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    for name in ("model.onnx", "model.onnx.data"):
        shutil.copyfile(folder / name, OUT / name)


OUT.mkdir(parents=True, exist_ok=True)
model = make_model()
write_tokenizer(OUT)
with tempfile.TemporaryDirectory() as folder:
    checkpoint = Path(folder) / "checkpoint"
    model.save_pretrained(checkpoint)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(OUT / name, checkpoint / name)
    shutil.copyfile(checkpoint / "config.json", OUT / "config.json")
    build(checkpoint, Path(folder) / "graph")
write_json(OUT / "generation_config.json", {"bos_token_id": VOCABULARY - 1, "eos_token_id": VOCABULARY - 1})
write_reference(OUT, "make_tiny_qwen3_genai.py", model, SEED)
