"""Makes gguf-blocks.json: three random blocks of each of GGML's formats, and their values as gguf-py decodes them.

    pip install gguf==0.19.0 numpy==2.4.6
    python make_gguf_blocks.py

The output is deterministic, since all bytes come from numpy's PCG64. `bytes` and `values` (float32, little-endian) are
in base64.
"""
import base64
import json
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

BLOCKS = 3
# Byte offsets of the float16 scales and minimums in each block. All other bytes may be random.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def make(name, offsets, random):
    kind = GGMLQuantizationType[name]
    _, size = GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (BLOCKS, size), dtype=np.uint8)
    for offset in offsets:
        scales = random.normal(0, 0.02, BLOCKS).astype("<f2")
        blocks[:, offset:offset + 2] = scales.view(np.uint8).reshape(BLOCKS, 2)
    values = dequantize(blocks.reshape(-1), kind).astype("<f4")
    text = lambda array: base64.b64encode(array.tobytes()).decode("ascii")
    return {"type": int(kind), "name": name, "bytes": text(blocks), "values": text(values)}


random = np.random.Generator(np.random.PCG64(1))
formats = [make(name, offsets, random) for name, offsets in SCALES.items()]
out = Path(__file__).with_name("gguf-blocks.json")
out.write_text(json.dumps({"made_by": "make_gguf_blocks.py, gguf 0.19.0, numpy 2.4.6", "formats": formats}, indent=1) + "\n")
