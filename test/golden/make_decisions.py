#!/usr/bin/env python3
"""Makes tinystories-gpt2/decisions.json: the probabilities of answers under the default model.

    pip install numpy==2.4.6 torch==2.13.0 transformers==5.24.0 onnx==1.23.2 jinja2
    python make_decisions.py [OUTPUT_FOLDER]

The weights are those of the model folder, dequantized (tinystories_model.py). Prompts are written as docs/decisions.md says,
rendered by transformers' chat template, and split as one text. Each answer's probability is computed by itself: token by
token, with a forward pass over the whole sequence, among the tokens with which any answer goes on.
"""
import sys
from pathlib import Path

import torch
from tiny_fixtures import write_json
from tinystories_model import MODEL, make_model, read_weights
from transformers import AutoTokenizer

OUTPUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
STORY = "Lily had a big red ball. She gave it to her dog, and the dog was very happy."
QUESTIONS = [
    {"type": "predicate", "instructions": "The dog is happy."},
    {"type": "choice", "instructions": "What did Lily have?", "choices": [{"value": "a ball"}, {"value": "a big boat"}, {"value": "nothing"}]},
    {"type": "choice", "instructions": "Who is happy?", "choices": [{"value": "the dog"}, {"value": "the dog and Lily"}, {"value": "Lily"}, {"value": "the cat"}]},
    {"type": "choice", "instructions": "", "choices": [{"value": "toy", "description": "a thing to play with"}, {"value": True}]},
    {"type": "score", "instructions": "How happy is the dog?", "levels": [{"label": "sad"}, {"label": "happy"}, {"label": "very happy"}]},
]


def options(question):
    if question["type"] == "predicate":
        return [{"text": "true"}, {"text": "false"}]
    if question["type"] == "score":
        return [{"text": level["label"], **level} for level in question["levels"]]
    return [{"text": str(choice["value"]).lower() if isinstance(choice["value"], bool) else choice["value"], **choice} for choice in question["choices"]]


def wording(question):
    if question["type"] == "predicate":
        return f"Statement: {question['instructions']}\nIs the statement true or false?", "The statement is"
    text = f"Question: {question['instructions'] or 'Which answer fits the text?'}"
    if any("description" in option for option in options(question)):
        text += "\nChoices:" + "".join(f"\n- {o['text']}: {o['description']}" if "description" in o else f"\n- {o['text']}" for o in options(question))
    return text, "The answer is:"


def prompt(tokenizer, text, question):
    asked, lead = wording(question)
    messages = [{"role": "user", "content": f"Text: {text}\n{asked}"}]
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) + lead
    ids = tokenizer(rendered, add_special_tokens=False).input_ids
    answers = []
    for option in options(question):
        whole = tokenizer(f"{rendered} {option['text']}", add_special_tokens=False).input_ids
        assert whole[: len(ids)] == ids
        answers.append(whole[len(ids):])
    return ids, answers


def next_probabilities(model, ids):
    return torch.softmax(model(torch.tensor([ids]), use_cache=False).logits[0, -1].double(), -1)


def probability(model, ids, answers, answer):
    result = 1.0
    for depth in range(len(answer) + 1):
        begun = [other for other in answers if other[:depth] == answer[:depth]]
        ways = {other[depth] for other in begun if len(other) > depth}
        if not ways:
            break
        following = next_probabilities(model, ids + answer[:depth])
        taken = sum(float(following[token]) for token in ways)
        rest = 1 - taken if any(len(other) == depth for other in begun) else 0.0
        result *= (float(following[answer[depth]]) if depth < len(answer) else rest) / (taken + rest)
    return result


def decide(model, tokenizer, text, question, calibrate):
    ids, answers = prompt(tokenizer, text, question)
    scores = [probability(model, ids, answers, answer) for answer in answers]
    coverage = sum(float(next_probabilities(model, ids)[token]) for token in {answer[0] for answer in answers})
    if calibrate:
        prior, _ = prompt(tokenizer, "N/A", question)
        scores = [score / probability(model, prior, answers, answer) for score, answer in zip(scores, answers)]
    return [round(score / sum(scores), 7) for score in scores], round(coverage, 7)


def tree_tokens(tokenizer, text, calibrate):
    """The tokens of all prompts, and of answers up to their last fork, each common beginning counted once."""
    beginnings = set()
    for question in QUESTIONS:
        for about in [text, "N/A"] if calibrate else [text]:
            ids, answers = prompt(tokenizer, about, question)
            forks = [answer[:depth] for answer in answers for depth in range(len(answer) + 1)
                     if depth == 0 or len({tuple(other[depth:depth + 1]) for other in answers if other[:depth] == answer[:depth]}) > 1]
            for fork in forks:
                beginnings.update(tuple((ids + fork)[:length]) for length in range(1, len(ids) + len(fork) + 1))
    return len(beginnings)


tokenizer = AutoTokenizer.from_pretrained(MODEL)
model = make_model(MODEL, read_weights(MODEL))
requests = []
with torch.no_grad():
    for calibrate in (False, True):
        results = [decide(model, tokenizer, STORY, question, calibrate) for question in QUESTIONS]
        requests.append({"input": STORY, "questions": QUESTIONS, "calibrate": calibrate, "probabilities": [row for row, _ in results],
                         "coverage": [coverage for _, coverage in results], "tokens": tree_tokens(tokenizer, STORY, calibrate)})
target = OUTPUT / "tinystories-gpt2"
target.mkdir(parents=True, exist_ok=True)
write_json(target / "decisions.json", {"made_by": "make_decisions.py: Hugging Face transformers 5.24.0, torch 2.13.0, float32", "requests": requests})
