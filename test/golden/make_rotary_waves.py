#!/usr/bin/env python3
"""Writes rotary-waves.json in this folder: inverse frequencies and attention factors of rotary positions by transformers.

    python make_rotary_waves.py [OUTPUT_FOLDER]

The versions are transformers 5.24.0 and torch 2.13.0. Frequencies are float32, written as the float64 of the same value.
"""
import json, sys
from pathlib import Path
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
LLAMA3 = dict(rope_type="llama3", factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)
FACTORS = [1 + pair / 4 for pair in range(8)]
CASES = [
    # Parameters, head size, positions
    (dict(rope_theta=10000.0, rope_type="default"), 8, 128),
    (dict(rope_theta=500000.0, rope_type="default"), 128, 128),
    (dict(rope_theta=500.0, **LLAMA3), 20, 128),
    (dict(rope_theta=10000.0, rope_type="linear", factor=3.0), 16, 128),
    (dict(rope_theta=10000.0, rope_type="dynamic", factor=3.0), 16, 128),
    (dict(rope_theta=1e6, rope_type="yarn", factor=4.0, original_max_position_embeddings=32768), 128, 131072),
    (dict(rope_theta=1000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=24, beta_fast=4.0, beta_slow=0.5), 16, 96),
    (dict(rope_theta=1000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=24, truncate=False, attention_factor=0.75), 16, 96),
    (dict(rope_theta=1000.0, rope_type="yarn", factor=8.0, original_max_position_embeddings=24, mscale=0.7, mscale_all_dim=0.5), 16, 96),
    (dict(rope_theta=1000.0, rope_type="longrope", factor=4.0, short_factor=FACTORS, long_factor=FACTORS, original_max_position_embeddings=24), 16, 96),
]


def waves(parameters, head_size, positions):
    config = LlamaConfig(head_dim=head_size, hidden_size=head_size, num_attention_heads=1, max_position_embeddings=positions,
                         rope_parameters=dict(parameters))
    embedding = LlamaRotaryEmbedding(config)
    return dict(parameters=parameters, head_size=head_size, positions=positions, frequencies=embedding.inv_freq.double().tolist(),
                amplitude=float(embedding.attention_scaling))


text = ",\n".join(json.dumps(waves(*case)) for case in CASES)
(ROOT / "rotary-waves.json").write_text(f"[\n{text}\n]\n", encoding="ascii")
