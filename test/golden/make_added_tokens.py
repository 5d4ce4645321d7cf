"""Writes added-tokens.json: random tokenizers with added tokens, and what the tokenizers package makes of random texts.

    pip install tokenizers==0.23.3 && python test/golden/make_added_tokens.py

A second run gives the same bytes. `all` are the ids with special tokens read in the text, `plain` those with
`encode_special_tokens`, where their spellings are text. Left out are two cases in which this project differs on purpose:
a special token that is also an ordinary character of the vocabulary, and a special token that a normalizer changes.
"""

import json
import random
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

POOL = ["<a>", "<ab>", "a", "ab", "<A>", "  ", "\n\n", "<|x|>", "x|>", "wörd", "[M]", "<think>", "é", "\t", " <s>", "end "]
BITS = POOL + [" ", "\n", "b", "c", "é", "É", "\u3000", "0", "_", "\u0301", "\x85", "\ufeff", "😀", "<", "|", ">", "A", "B"]
NORMALIZERS = {
    "none": None,
    "lower": normalizers.Lowercase(),
    "nfc": normalizers.NFC(),
    "prepend": normalizers.Sequence([normalizers.Prepend("_"), normalizers.Replace(" ", "_")]),
}


def byte_tokenizer(normalizer):
    vocabulary = {character: index for index, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return tokenizer


def add_tokens(tokenizer, has_normalizer):
    for content in random.sample(POOL, random.randint(1, 6)):
        special = random.random() < 0.4 and len(content) > 1
        flags = {name: random.random() < 0.3 for name in ["single_word", "lstrip", "rstrip"]}
        normalized = random.random() < 0.5 and not (special and has_normalizer)
        token = AddedToken(content, normalized=normalized, special=special, **flags)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])


def encode(tokenizer, text):
    tokenizer.encode_special_tokens = False
    every = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = True
    return {"text": text, "all": every, "plain": tokenizer.encode(text, add_special_tokens=False).ids}


def main():
    random.seed(3)
    cases = []
    for index in range(60):
        name = list(NORMALIZERS)[index % len(NORMALIZERS)]
        tokenizer = byte_tokenizer(NORMALIZERS[name])
        add_tokens(tokenizer, NORMALIZERS[name] is not None)
        texts = ["".join(random.choice(BITS) for _ in range(random.randint(0, 14))) for _ in range(12)]
        description = json.loads(tokenizer.to_str())
        cases.append({key: description[key] for key in ["normalizer", "added_tokens"]} | {"texts": [encode(tokenizer, text) for text in texts]})
    shared = json.loads(byte_tokenizer(None).to_str())
    reference = {"model": shared["model"], "pre_tokenizer": shared["pre_tokenizer"], "cases": cases}
    Path(__file__).with_name("added-tokens.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")


main()
