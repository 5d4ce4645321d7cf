"""The openai package in Python: `pip install openai && python openai_client.py`"""

import os

from openai import BadRequestError, OpenAI

edge = os.environ.get("GPT_EDGE_URL", "http://127.0.0.1:8787")
client = OpenAI(base_url=f"{edge}/v1", api_key="none")
model = "tinystories-gpt2"

stream = client.completions.create(model=model, prompt="Once upon a time", max_tokens=60, seed=1, stream=True)
print("Once upon a time", end="")
for chunk in stream:
    print(chunk.choices[0].text if chunk.choices else "", end="", flush=True)

messages = [{"role": "user", "content": "Tell me a story about a frog."}]
chat = client.chat.completions.create(model=model, messages=messages, max_tokens=60, seed=1)
print(f"\n\n{chat.choices[0].message.content}\n\n{chat.usage.total_tokens} tokens")

try:
    client.completions.create(model=model, prompt="Once", max_tokens=10_000)
except BadRequestError as error:
    print(error.status_code, error.code, error.param)
