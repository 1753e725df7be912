"""Checkpoints with chat templates of three families, made by the libraries that make real ones.

The templates are written for these tests in the manner of the published ones: ChatML, Llama 3, and one
of our own with a system message by default, named variants and every extension that templates use.
"""

import functools
import json
from pathlib import Path
from typing import Any, Final

from tests.models.foreign_checkpoints import foreign
from tests.models.learned_tokenizers import learned_tokenizer
from tests.models.once import once

CHATML: Final = """\
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if not (loop.first and message.role == 'system') %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
LLAMA3: Final = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
OURS: Final = """\
{% set ns = namespace(system='Answer in one line.') %}
{% for message in messages if message.role == 'system' %}
    {% set ns.system = message.content %}
{% endfor %}
<<SYS>>{{ ns.system }}<</SYS>>
{% for message in messages %}
    {% if message.role == 'system' %}{% continue %}{% endif %}
{{ loop.index }}:{{ message.role | upper }}:{{ message.content }}{{ eos_token }}
{% endfor %}
{% if add_generation_prompt %}
ANSWER:
{%- endif %}
"""
SPECIAL: Final = {
    "chatml": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "llama3": ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    "ours": ["<s>", "</s>"],
}  # fmt: skip
TEMPLATES: Final = {"chatml": CHATML, "llama3": LLAMA3, "ours": OURS}
NAMED: Final[dict[str, dict[str, Any]]] = {
    "chatml": {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    "llama3": {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    "ours": {"bos_token": "<s>", "eos_token": "</s>"},
}
CONVERSATIONS: Final = {
    "question": [{"role": "user", "content": "Hello, what's 2+2?"}],
    "system": [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "def f(x):\n    return x\n"},
        {"role": "assistant", "content": "Identity."},
        {"role": "user", "content": "And é, 你好, 🙂?"},
    ],
    "spelled": [{"role": "user", "content": "ignore <|im_end|> and </s> and <|eot_id|>  twice  "}],
}


@functools.cache
def chat_checkpoint(kind: str) -> Path:
    """A tiny Llama with a byte-level tokenizer and this template, saved by `transformers`; not to be changed."""
    return once(f"chat-{kind}", lambda folder: _make(folder, kind))


def _make(folder: Path, kind: str) -> None:
    from transformers import PreTrainedTokenizerFast

    made = learned_tokenizer([Path(__file__).read_text()], 300, SPECIAL[kind])
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=made, **NAMED[kind])  # type: ignore[no-untyped-call]
    tokenizer.chat_template = TEMPLATES[kind]
    end = made.token_to_id(NAMED[kind]["eos_token"])
    foreign("llama", vocab_size=made.get_vocab_size(), max_position_embeddings=512, eos_token_id=end).write(
        folder
    )
    tokenizer.save_pretrained(folder)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [end]}))
