"""Make random LoRA adapters with PEFT for the model that a config.json describes, to measure what adapters cost.

Usage: make_adapter.py MODEL_FOLDER OUT [--rank 8] [--count 1] [--modules all-linear]
OUT/random-0, OUT/random-1, ... are then converted: npx gpt-edge convert --adapter OUT/random-0 MODEL_FOLDER
"""
import argparse, pathlib
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("out", type=pathlib.Path)
parser.add_argument("--rank", type=int, default=8)
parser.add_argument("--count", type=int, default=1)
parser.add_argument("--modules", default="all-linear")
options = parser.parse_args()

config = AutoConfig.from_pretrained(options.model)
base = AutoModelForCausalLM.from_config(config)
modules = options.modules if options.modules == "all-linear" else options.modules.split(",")
model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", r=options.rank, lora_alpha=2 * options.rank, target_modules=modules))
for number in range(options.count):
    torch.manual_seed(number)
    for name, weight in model.named_parameters():
        if ".lora_" in name:
            torch.nn.init.normal_(weight, std=0.02)
    model.save_pretrained(options.out / f"random-{number}")
