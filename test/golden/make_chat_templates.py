"""Writes chat-templates.json: what Python and Jinja2 make of dates, strings and templates.

    pip install jinja2==3.1.6 && python test/golden/make_chat_templates.py

A second run gives the same bytes. Templates are rendered as transformers renders chat templates: in a sandbox, with
`trim_blocks`, `lstrip_blocks` and loop controls.
"""

import datetime
import json
import random
from pathlib import Path

from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

DIRECTIVES = "aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyY%"
FLAGGED = ["%-d", "%_m", "%^b", "%0e", "%-j", "%-I"]
BITS = ["a", "b", "ab", " ", "  ", "\n", "\t", "\u00a0", "\u3000", "\x1c", "\ufeff", "é", "😀", "x", ""]

MESSAGES = [
    {"role": "system", "content": " Be brief.\n"},
    {"role": "user", "content": "Hi <|im_end|> 😀"},
    {"role": "assistant", "content": "<think>\nhm </think>\n\nHello"},
    {"role": "user", "content": "  A, b,c \n"},
]

TEMPLATES = [
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
    "{% for m in messages %}{{ m['content'] | trim }}|{{ m.content.strip() }}|{{ loop.index0 }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}{{ m.content.upper() }}{% else %}none{% endfor %}",
    "{{ messages[2].content.split('</think>')[-1].lstrip('\\n') }}|{{ messages[2].content.split('</think>')[0] }}",
    "{% set ns = namespace(text='') %}{% for m in messages %}{% set ns.text = ns.text + m.role[0:2] ~ '/' %}{% endfor %}{{ ns.text }}",
    "{% macro show(m, tag='x') %}<{{ tag }}>{{ m.content }}</{{ tag }}>{% endmacro %}{{ show(messages[0]) }}{{ show(messages[1], tag='u') }}",
    "{% for m in messages %}{% if m.role == 'assistant' %}{% continue %}{% endif %}[{{ m.role }}]{% if loop.index == 2 %}{% break %}{% endif %}-{% endfor %}",
    "{{ messages[1].content.replace('<|im_end|>', '').replace('H', 'hh', 1) }}|{{ messages[1].content | replace('i', '1') }}",
    "{{ messages | map(attribute='role') | join('+') }}|{{ ['a', 'b'] | join }}",
    "{{ messages[3].content.split(',') | length }}|{{ messages[3].content.split() | join('|') }}|{{ messages[3].content.split(',', 1)[1] }}",
    "{{ messages[0].content.startswith(' Be') }}|{{ 'x' in messages[1].content }}|{{ messages | length }}|{{ messages[1].content | length }}",
    "{% if tools is not none %}tools{% else %}no tools{% endif %}{% if documents %}d{% endif %}{{ missing | default('m') }}{{ none }}",
    "{{ messages[1].content[3:] }}|{{ messages[1].content[:-1] }}|{{ messages[1].content[-1] }}",
    "{% set x %}block {{ messages[0].role }}{% endset %}{{ x | upper }}",
    "{{ bos_token + messages[3].content.strip() + eos_token }}",
    "{% for a in range(3) %}{% for b in range(a) %}{{ a }}{{ b }};{% endfor %}{% endfor %}",
    "{%- for m in messages -%}  {{ m.role }}  {%- endfor -%}  end",
    "{{ 7 // 2 }}{{ 7 % 3 }}{{ 2 ** 3 }}{{ 1 + 2 * 3 }}{{ -1 }}{{ 'b' if messages else 'a' }}",
]


def dates():
    pattern = "|".join("%" + letter for letter in DIRECTIVES) + "|" + "|".join(FLAGGED)
    start = datetime.datetime(1970, 1, 1)
    for _ in range(60):
        seconds = random.randrange(0, 4 * 10**9)
        yield {"seconds": seconds, "format": pattern, "text": (start + datetime.timedelta(seconds=seconds)).strftime(pattern)}


def strings():
    pick = lambda most: "".join(random.choice(BITS) for _ in range(random.randint(0, most)))
    for _ in range(120):
        text, characters, part, new = pick(9), pick(2) or "a", pick(2) or "b", pick(2)
        most = random.randint(-1, 3)
        yield {
            "text": text,
            "characters": characters,
            "part": part,
            "most": most,
            "strip": text.strip(),
            "lstrip": text.lstrip(characters),
            "rstrip": text.rstrip(characters),
            "words": text.split(None, most),
            "split": text.split(part, most),
            "new": new,
            "replace": text.replace(part, new, most),
        }


def renderings():
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    names = {"messages": MESSAGES, "tools": None, "documents": None, "bos_token": "<s>", "eos_token": "</s>"}
    return [{"template": template, "rendered": environment.from_string(template).render(**names)} for template in TEMPLATES]


random.seed(5)
reference = {"dates": list(dates()), "strings": list(strings()), "messages": MESSAGES, "renderings": renderings()}
Path(__file__).with_name("chat-templates.json").write_text(json.dumps(reference, separators=(",", ":")) + "\n")
