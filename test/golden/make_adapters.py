"""Make random LoRA adapters with PEFT for some of the tiny checkpoints, and their references.

Usage: make_adapters.py
Each folder in adapters/ is named after the checkpoint that it was made for. Made with peft 0.21.2, transformers 5.24.0.
"""
import json, pathlib
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
from tiny_fixtures import refer, write_json

HERE = pathlib.Path(__file__).parent
CASES = {
    # A list of names, as GPT-2's Conv1D needs them, and a rank that is no multiple of 8.
    "tiny-gpt2": dict(r=3, lora_alpha=9, target_modules=["c_attn", "attn.c_proj", "c_fc", "mlp.c_proj"], fan_in_fan_out=True),
    # Heads of 8 values, which the graph fills up; a pattern.
    "tiny-gpt2-variant": dict(r=2, lora_alpha=4, target_modules=r".*\.(c_attn|attn\.c_proj)", fan_in_fan_out=True),
    "tiny-gpt-neo": dict(r=4, lora_alpha=-4, target_modules=["q_proj", "v_proj", "out_proj"], use_rslora=True),
    # Separate ranks and scales, one layer left out of some.
    "tiny-llama": dict(r=8, lora_alpha=16, target_modules="all-linear", use_rslora=True,
                       rank_pattern={"q_proj": 11, r"^model\.layers\.1\.mlp\.down_proj": 2}, alpha_pattern={"up_proj": 3, "layers.0.self_attn.o_proj": 40}),
    # Heads whose values the graph reorders.
    "tiny-gpt-neox": dict(r=5, lora_alpha=10, target_modules=["query_key_value", "dense"], layers_to_transform=[1]),
    # Matrices between embeddings and layers.
    "tiny-opt-variant": dict(r=8, lora_alpha=8, target_modules="all-linear"),
    "tiny-gemma3": dict(r=9, lora_alpha=18, target_modules="all-linear", exclude_modules=["k_proj"]),
}
torch.set_num_threads(1)

for seed, (name, options) in enumerate(CASES.items()):
    base = AutoModelForCausalLM.from_pretrained(HERE / name, dtype=torch.float32)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **options)).eval()
    random = np.random.Generator(np.random.PCG64(seed))
    for key, weight in model.named_parameters():
        if ".lora_" in key:
            weight.data = torch.tensor(random.normal(0, 0.3, tuple(weight.shape)), dtype=torch.float32)
    out = HERE / "adapters" / name
    model.peft_config["default"].base_model_name_or_path = name
    model.save_pretrained(out)
    (out / "README.md").unlink()
    config = json.loads((out / "adapter_config.json").read_text())
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    write_json(out / "adapter_config.json", config)
    with torch.no_grad():
        write_json(out / "reference.json", refer(model, seed, 20))
    print(name, sum(p.numel() for k, p in model.named_parameters() if ".lora_" in k))
