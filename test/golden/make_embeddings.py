#!/usr/bin/env python3
"""Makes embeddings.json in this folder: embeddings of the sequences in reference.json of tiny-gpt2, tiny-gpt-neo and tiny-llama.

    python make_embeddings.py [OUTPUT_FILE]

Made with torch 2.13.0 and transformers 5.24.0. An embedding is the mean of transformers' `last_hidden_state` over all positions, or
its last position, divided by its length; the model runs in float32 with eager attention, over one sequence at a time.
"""
import json
import sys
from pathlib import Path
import torch
from transformers import AutoModel

ROOT = Path(__file__).parent
SEQUENCES = 3

def embeddings(name):
    model = AutoModel.from_pretrained(ROOT / name, dtype=torch.float32, attn_implementation="eager").eval()
    for reference in json.loads((ROOT / name / "reference.json").read_text())["sequences"][:SEQUENCES]:
        with torch.no_grad():
            states = model(torch.tensor([reference["ids"]])).last_hidden_state[0]
        vectors = {"mean": states.mean(0), "last": states[-1]}
        yield {"ids": reference["ids"], **{pooling: [round(x, 7) for x in (v / v.norm()).tolist()] for pooling, v in vectors.items()}}

made = {name: list(embeddings(name)) for name in ("tiny-gpt2", "tiny-gpt-neo", "tiny-llama")}
Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "embeddings.json").write_text(json.dumps(made) + "\n")
