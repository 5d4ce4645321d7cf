"""Answers of a form with pydantic-ai and instructor: pip install "pydantic-ai-slim[openai]" instructor"""

import os
from typing import Literal

import instructor
from openai import OpenAI
from pydantic import BaseModel, Field
from pydantic_ai import Agent, NativeOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

edge = os.environ.get("GPT_EDGE_URL", "http://127.0.0.1:8787")
name = os.environ.get("GPT_EDGE_MODEL", "tinystories-gpt2")
question = "Which animal is it?"


class Animal(BaseModel):
    kind: Literal["frog", "dog", "cat"]
    age: int = Field(ge=1, le=9)


def show(label: str, animal: Animal) -> None:
    print(f"{label}: {animal.model_dump_json()}")


provider = OpenAIProvider(base_url=f"{edge}/v1", api_key="none")
for model in (OpenAIChatModel, OpenAIResponsesModel):
    for output in (NativeOutput(Animal), ToolOutput(Animal)):
        agent = Agent(model(name, provider=provider), output_type=output)
        show(f"pydantic-ai, {model.__name__}, {type(output).__name__}", agent.run_sync(question).output)

client = OpenAI(base_url=f"{edge}/v1", api_key="none")
messages = [{"role": "user", "content": question}]
for mode in (instructor.Mode.JSON_SCHEMA, instructor.Mode.TOOLS):
    patched = instructor.from_openai(client, mode=mode)
    show(f"instructor, {mode.name}", patched.chat.completions.create(model=name, messages=messages, response_model=Animal, max_retries=0))

parsed = client.chat.completions.parse(model=name, messages=messages, response_format=Animal)
show("openai, chat.completions.parse", parsed.choices[0].message.parsed)
show("openai, responses.parse", client.responses.parse(model=name, input=question, text_format=Animal).output_parsed)
