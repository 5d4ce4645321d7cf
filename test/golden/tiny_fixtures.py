"""Code that the scripts for the tiny checkpoints share: files, tokenizer, and the reference by transformers."""
import json
import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

CONTEXT, VOCABULARY, GREEDY = 96, 128, 16
torch.set_num_threads(1)
torch.set_grad_enabled(False)


def write_json(path, value):
    path.write_text(json.dumps(value, separators=(",", ":") if path.name == "reference.json" else None,
                               indent=None if path.name == "reference.json" else 1) + "\n", encoding="ascii")


def round_to(values, digits):
    return [float(f"{float(value):.{digits}g}") for value in values]


def write_tokenizer(folder):
    """Makes a byte-level BPE of exactly the vocabulary: printable ASCII, space and newline, some other bytes, and the
    end of text last."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet(), key=lambda c: (not "!" <= c <= "~", c not in "\u0120\u010a", c))
    vocabulary = {character: index for index, character in enumerate(alphabet[:VOCABULARY - 9])}
    merges = [("t", "h"), ("th", "e"), ("a", "n"), ("an", "d"), ("i", "n"), ("in", "g"), ("\u0120", "the"), ("\u0120", "and")]
    for left, right in merges:
        vocabulary[left + right] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    assert tokenizer.get_vocab_size() == VOCABULARY and tokenizer.token_to_id("<|endoftext|>") == VOCABULARY - 1
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n", encoding="utf-8")
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>",
                                                  "model_max_length": CONTEXT, "clean_up_tokenization_spaces": False})


def refer(model, seed, length):
    """Returns the first attempt whose greedy tokens are all clear, with margins over 0.02, far above float32's noise.
    They contain no end of text, and are not one token over and over."""
    for attempt in range(1000):
        ids = np.random.Generator(np.random.PCG64([seed, length, attempt])).integers(0, VOCABULARY - 1, length).tolist()
        logits = model(torch.tensor([ids])).logits[0]
        logprobs = torch.log_softmax(logits.double(), -1)
        tokens, margins = list(ids), []
        for _ in range(min(GREEDY, CONTEXT - length)):
            best = torch.topk(model(torch.tensor([tokens])).logits[0, -1], 2)
            margins.append(float(best.values[0] - best.values[1]))
            tokens.append(int(best.indices[0]))
        greedy = tokens[length:]
        varied = len(set(greedy)) >= len(greedy) // 2
        if varied and min(margins, default=1) > 0.02 and VOCABULARY - 1 not in greedy:
            return {"length": length, "ids": ids, "last_logits": round_to(logits[-1], 7),
                    "prompt_logprobs": [None] + round_to([logprobs[i - 1, ids[i]] for i in range(1, length)], 6),
                    "greedy_ids": greedy, "greedy_margins": round_to(margins, 4)}
    raise SystemExit(f"no clear continuation of {length} tokens")


def write_reference(folder, script, model, seed):
    origin = f"{script}: Hugging Face transformers {transformers.__version__}, torch 2.13.0, float32, eager attention"
    lengths = (1, 7, 33, CONTEXT - GREEDY, CONTEXT)
    write_json(folder / "reference.json", {"model": folder.name, "made_by": origin, "sequences": [refer(model, seed, length) for length in lengths]})
