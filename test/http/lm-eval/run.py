#!/usr/bin/env python3
"""Evaluates models with lm-evaluation-harness: by its own `hf` backend and through a server with OpenAI's API.

    python run.py '{"url": "http://127.0.0.1:8787", "models": {"<id>": "<Hugging Face folder>"}, "window": 96}'

Prints, for each model, the scores and the answers of both, as JSON on the last line. The tasks' files are found from the directory of
the repository.
"""
import json
import sys
from pathlib import Path
from lm_eval import simple_evaluate
from lm_eval.tasks import TaskManager

asked = json.loads(sys.argv[1])
TASKS = TaskManager(include_path=str(Path(__file__).parent), include_defaults=False)

def evaluate(model, arguments, tasks, batch_size, chat=False):
    results = simple_evaluate(model=model, model_args=arguments, tasks=tasks, batch_size=batch_size, task_manager=TASKS, device="cpu",
                              log_samples=True, bootstrap_iters=0, apply_chat_template=chat)
    answers = {task: [sample["resps"] for sample in sorted(samples, key=lambda one: one["doc_id"])]
               for task, samples in results["samples"].items()}
    scores = {task: {name: value for name, value in metrics.items() if isinstance(value, float)} for task, metrics in results["results"].items()}
    return {"scores": scores, "answers": answers}

def both(name, path):
    hf = {"pretrained": path, "dtype": "float32"}
    served = {"model": name, "base_url": f"{asked['url']}/v1/completions", "tokenizer": path, "tokenizer_backend": "huggingface",
              "max_length": asked["window"]}
    chatting = {"model": name, "base_url": f"{asked['url']}/v1/chat/completions"}
    tasks = ["edge_words", "edge_lines", "edge_continue"]
    return {"hf": evaluate("hf", hf, tasks, 1), "completions": evaluate("local-completions", served, tasks, 32),
            "hf_chat": evaluate("hf", hf, ["edge_continue"], 1, chat=True),
            "chat": evaluate("local-chat-completions", chatting, ["edge_continue"], 1, chat=True)}

print(json.dumps({name: both(name, path) for name, path in asked["models"].items()}))
