#!/usr/bin/env python3
"""Makes recall.jsonl and words.jsonl in this folder. A second run gives the same bytes.

    python make_tasks.py

recall.jsonl: 100 short stories, each with a question about one of its words and ten candidates for the answer, one of which stands in
the story. words.jsonl: 24 beginnings of a few words, each with four candidates, for models whose context window has 96 characters.
"""
import json
import random
from pathlib import Path

ROOT = Path(__file__).parent
NAMES = [("Lily", "She", "her", "girl"), ("Tom", "He", "his", "boy"), ("Mia", "She", "her", "girl"), ("Ben", "He", "his", "boy")]
COLORS = ["red", "blue", "green", "yellow", "pink", "brown", "black", "white", "orange", "purple"]
THINGS = ["ball", "hat", "box", "cup", "book", "kite", "car", "bag", "doll", "drum"]
PLACES = ["park", "beach", "farm", "lake", "forest", "garden", "school", "shop", "zoo", "river"]
ANIMALS = ["dog", "cat", "bird", "rabbit", "duck", "pig", "mouse", "horse", "frog", "fox"]

def story(rng):
    name, she, her, girl = rng.choice(NAMES)
    color, thing, place, animal = (rng.choice(words) for words in (COLORS, THINGS, PLACES, ANIMALS))
    text = (f"Once upon a time, there was a little {girl} named {name}. {she} had a {color} {thing}. One day, {name} went to the {place} "
            f"with {her} friend, a small {animal}. They played all day long. Then it started to rain, and {name} ran home. Mom asked, ")
    return rng.choice([
        (f'{text}"Where did you go?" {name} said, "I went to the', PLACES, place),
        (f'{text}"Who was with you?" {name} said, "My friend, a small', ANIMALS, animal),
        (f'{text}"What did you take with you?" {name} said, "I took my {color}', THINGS, thing),
        (f'{text}"What does it look like?" {name} said, "My {thing} is', COLORS, color)])

def write(name, documents):
    (ROOT / name).write_text("".join(json.dumps(document) + "\n" for document in documents))

rng = random.Random(24)
stories = [story(rng) for _ in range(100)]
write("recall.jsonl", [{"context": context, "choices": words, "gold": words.index(right)} for context, words, right in stories])
beginnings = ["Tom has a", "The cat saw a", "Mom gave Lily a", "In the park there was a", "A dog and a", "He lost his"]
write("words.jsonl", [{"context": f"{beginning} {rng.choice(COLORS)}", "choices": rng.sample(THINGS, 2) + rng.sample(ANIMALS, 2), "gold": rng.randrange(4)}
                      for beginning in beginnings for _ in range(4)])
