"""Writes tokenizer-parts.json: many small tokenizers with random parts, and what the `tokenizers` package (0.23.3) makes of random texts.

python3 make_tokenizer_parts.py
"""
import json
import random
from pathlib import Path

from tokenizers import Tokenizer

random.seed(8)
OUT = Path(__file__).parent / "tokenizer-parts.json"

ATOMS = [
    *["a", "b", "ab", "the", "Hello", "WORLD", "it's", "we'll", "DON'T", "x1", "12", "345", "3.14", "½", "٣٤", "Ⅷ", "²"],
    *[" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u3000", "\u0085", "\ufeff", "\u200b", "\u200d", "\u2028"],
    *[".", "!?", "-", "_", "__", "(", "$", "+=", "…", "“", "。", "¡", "^^"],
    *["é", "e\u0301", "ñ", "Å", "Σ", "ΑΣ", "İ", "ß", "ﬁ", "①", "日本", "東", "ก็", "ди", "한", "😀", "👩\u200d👩", "\u0301"],
    *["▁", "▁a", "<unk>", "##b", "Ġ", "\u0001", "\u007f", "\ufffd", "~"],
]
SPECIAL = "<s>"


def text():
    return "".join(random.choice(ATOMS) for _ in range(random.randint(0, 9)))


def pattern():
    return random.choice(
        [
            *[{"String": s} for s in (" ", "a", ".", "ab", "▁", "$", "\n", "日")],
            *[{"Regex": r} for r in (r"\s+", r"\d", r"\w+", r"[^\w\s]+", r"\p{L}+", r"\p{N}{1,3}", r"[aeiou]", r"a|b", r"\b", r"x*", r" ?\p{L}+")],
            {"Regex": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
            {"Regex": r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
            {"Regex": r"[\u4e00-\u9fff\u3040-\u309f]+"},
            {"Regex": r"^\s|$"},
        ]
    )


def behavior():
    return random.choice(["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"])


def flag():
    return random.random() < 0.5


NORMALIZERS = [
    lambda: {"type": "BertNormalizer", "clean_text": flag(), "handle_chinese_chars": flag(), "strip_accents": random.choice([None, True, False]), "lowercase": flag()},
    *[(lambda t: lambda: {"type": t})(t) for t in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt")],
    lambda: {"type": "Strip", "strip_left": flag(), "strip_right": flag()},
    lambda: {"type": "Replace", "pattern": pattern(), "content": random.choice(["", " ", "▁", "$&", "xy"])},
    lambda: {"type": "Prepend", "prepend": random.choice(["▁", "x", " "])},
]
PRE_TOKENIZERS = [
    lambda: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": random.choice(["always", "first", "never"]), "split": flag()},
    lambda: {"type": "Split", "pattern": pattern(), "behavior": behavior(), "invert": flag()},
    lambda: {"type": "Split", "pattern": pattern(), "behavior": behavior(), "invert": flag()},
    lambda: {"type": "Punctuation", "behavior": behavior()},
    lambda: {"type": "Digits", "individual_digits": flag()},
    *[(lambda t: lambda: {"type": t})(t) for t in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer")],
    lambda: {"type": "CharDelimiterSplit", "delimiter": random.choice([" ", "a", ".", "日"])},
    lambda: {"type": "FixedLength", "length": random.randint(1, 4)},
]
BYTE_LEVEL = lambda: {"type": "ByteLevel", "add_prefix_space": flag(), "trim_offsets": flag(), "use_regex": flag()}


def sequence(makers, key, most):
    parts = [random.choice(makers)() for _ in range(random.choice([0, 1, 1, 1, 2, most]))]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 and flag() else {"type": "Sequence", key: parts}


def byte_alphabet():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(68)]


def bpe_merges(words, vocab):
    """Merges that make each word from its characters, left to right."""
    merges = []
    for word in words:
        left = word[0]
        for ch in word[1:]:
            if left + ch not in vocab:
                vocab[left + ch] = len(vocab)
                merges.append([left, ch])
            elif [left, ch] not in merges:
                merges.append([left, ch])
            left += ch
    return merges


def vocabulary(characters):
    vocab = {"<unk>": 0, SPECIAL: 1, "</s>": 2}
    for ch in characters:
        vocab.setdefault(ch, len(vocab))
    return vocab


COMMON = [chr(c) for c in range(0x20, 0x7F)] + list("▁éñ日本東ก็\n\t")


def bpe():
    vocab = vocabulary(COMMON)
    merges = bpe_merges(random.sample(["the", "ab", "Hello", "▁a", "▁the", "hell", "  ", "12", "345", "'s", "日本", "aab"], 8), vocab)
    fallback = flag()
    if fallback:
        for byte in range(256):
            vocab[f"<0x{byte:02X}>"] = len(vocab)
    unk = random.choice(["<unk>", "<unk>", None])
    return {"type": "BPE", "dropout": None, "unk_token": unk, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": flag(), "byte_fallback": fallback, "ignore_merges": flag(), "vocab": vocab, "merges": merges}


def byte_bpe():
    vocab = vocabulary(byte_alphabet())
    merges = bpe_merges(["Ġthe", "the", "ab", "Hello", "Ġa", "ĠĠ", "12", "'s", "Ã©"], vocab)
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": flag(), "vocab": vocab, "merges": merges}


def unigram():
    pieces = ["<unk>", SPECIAL, "</s>", *random.sample(COMMON, 80), "the", "▁the", "ab", "▁a", "Hello", "12", "日本", "  "]
    fallback = random.random() < 0.3
    if fallback:
        pieces += [f"<0x{byte:02X}>" for byte in range(256)]
    pieces = list(dict.fromkeys(pieces))
    return {"type": "Unigram", "unk_id": 0, "vocab": [[p, 0.0 if i < 3 else -round(random.uniform(1, 12), 3)] for i, p in enumerate(pieces)], "byte_fallback": fallback}


def word_piece():
    vocab = vocabulary([*COMMON, *["##" + c for c in COMMON], "the", "##he", "ab", "##b", "hello", "Hello", "##llo", "12", "##2"])
    return {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##", "max_input_chars_per_word": random.choice([5, 100]), "vocab": vocab}


def word_level():
    return {"type": "WordLevel", "unk_token": "<unk>", "vocab": vocabulary([*COMMON, *[a for a in ATOMS if a != "<unk>"], "▁the", "hello"])}


def template(prefix, suffix):
    piece = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
    seq = {"Sequence": {"id": "A", "type_id": 0}}
    ids = {"<s>": 1, "</s>": 2}
    single = [*map(piece, prefix), seq, *map(piece, suffix)]
    return {"type": "TemplateProcessing", "single": single, "pair": [seq, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in ids.items()}}


POSTS = [
    lambda: None,
    lambda: template(["<s>"], []),
    lambda: template(["<s>"], ["</s>"]),
    lambda: {"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]},
    lambda: {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": flag()},
    lambda: {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, template(["<s>"], [])]},
    lambda: {"type": "Sequence", "processors": [template(["<s>"], []), template(["</s>"], ["</s>"])]},
]
REPLACE = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}


def decoder(is_byte_level):
    if is_byte_level:
        return {"type": "ByteLevel", "add_prefix_space": flag(), "trim_offsets": flag(), "use_regex": flag()}
    strip = [{"type": "Strip", "content": " ", "start": random.choice([0, 1, 2]), "stop": 0}] if flag() else []
    return {"type": "Sequence", "decoders": [REPLACE, {"type": "ByteFallback"}, {"type": "Fuse"}, *strip]}


def added():
    make = lambda i, c, **f: {"id": i, "content": c, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **f}
    return [make(1, SPECIAL), make(2, "</s>")]


MODELS = {"bpe": bpe, "byte_bpe": byte_bpe, "unigram": unigram, "word_piece": word_piece, "word_level": word_level}


def make(kind):
    is_bytes = kind == "byte_bpe"
    pre = sequence(PRE_TOKENIZERS, "pretokenizers", 3)
    if is_bytes:
        pre = BYTE_LEVEL() if pre is None or flag() else {"type": "Sequence", "pretokenizers": [pre, BYTE_LEVEL()]}
    normalizer = sequence(NORMALIZERS, "normalizers", 3)
    if is_bytes and random.random() < 0.25:
        # Bytes are spelled once, by a normalizer in place of the pre-tokenizer.
        normalizer = {"type": "Sequence", "normalizers": [*([normalizer] if normalizer else []), {"type": "ByteLevel"}]}
        pre = random.choice([None, {"type": "Split", "pattern": {"String": "Ġ"}, "behavior": behavior(), "invert": False}])
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added(), "normalizer": normalizer, "pre_tokenizer": pre, "post_processor": random.choice(POSTS)(), "decoder": decoder(is_bytes), "model": MODELS[kind]()}


def case(kind, texts=5):
    while True:
        built = make(kind)
        tokenizer = Tokenizer.from_str(json.dumps(built))
        rows = []
        try:
            for _ in range(texts):
                t = text()
                ids = tokenizer.encode(t).ids
                rows.append([t, ids, tokenizer.decode(ids)])
        except BaseException:  # the package itself fails or panics on some, such as an unknown token that is missing
            continue
        return built, rows


def compact(cases):
    """Models are nearly all of a tokenizer's size, so that several cases share one."""
    return {"package": "tokenizers 0.23.3", "cases": cases}


if __name__ == "__main__":
    import sys

    per_kind, out = (int(sys.argv[1]), Path(sys.argv[2])) if len(sys.argv) > 2 else (80, OUT)
    models, cases = [], []
    for kind in MODELS:
        pool = [MODELS[kind]() for _ in range(3 if per_kind <= 80 else 40)]
        start = len(models)
        models += pool
        for _ in range(per_kind):
            index = random.randrange(len(pool))
            MODELS[kind] = lambda m=pool[index]: m
            built, rows = case(kind)
            cases.append({"model": start + index, **{k: built[k] for k in ("normalizer", "pre_tokenizer", "post_processor", "decoder")}, "texts": rows})
    out.write_text(json.dumps({"added_tokens": added(), "models": models, "cases": cases}, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(out, out.stat().st_size)
