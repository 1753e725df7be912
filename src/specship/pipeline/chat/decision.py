"""Whether a model wants its prompts in a chat template: decided from the checkpoint, and said why.

A template alone does not say it: base models of the Qwen families ship the template of their tuned
siblings. What tells them apart is the end of a turn. The template is rendered with an answer in it, and
the special token that it writes behind the answer must be one at which this checkpoint stops
(`eos_token_id` of config.json and generation_config.json, `eos_token` of the tokenizer; the eos, eot and
eom ids of a GGUF): a model tuned for chat ends its turns so, and a base model never learnt to.
A template that writes no special token there leaves nothing to test, and counts as wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.pipeline.chat.rendering import render
from specship.pipeline.chat.template import ChatTemplate, read_template
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.tokenizer.files import added_tokens, read_object, special_texts, stop_ids

_QUESTION: Final = "Which colour has the sky?"
_ANSWER: Final = "It is mostly blue"
_GGUF_STOPS: Final = ("eos", "eot", "eom")
_MATCHED_BY_TEXT: Final = frozenset({3, 4})
"""GGUF token types that are found in a text as they are spelled: CONTROL and USER_DEFINED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDecision:
    """The decision, as it is recorded with each evaluation."""

    wants: bool
    why: str
    template_sha256: str | None
    """None where there is no template."""
    source: str | None
    """File or GGUF key of the template."""
    end_of_turn: str | None = None
    """The special token that the template writes behind an answer."""
    end_of_turn_id: int | None = None
    stop_ids: tuple[int, ...] = ()
    """Ids at which the checkpoint stops."""


def chat_decision(path: Path) -> ChatDecision:
    """Decide for a checkpoint folder or a GGUF file.

    Raises:
        UnusableInput: there is no such checkpoint, or its template cannot be rendered.
        DamagedArtifact: a file of it cannot be read.
    """
    template = read_template(path)
    ids, special = _stops_of_folder(path) if path.is_dir() else _stops_of_gguf(path)
    if template is None:
        why = "there is no chat template in the checkpoint"
        return ChatDecision(wants=False, why=why, template_sha256=None, source=None, stop_ids=ids)
    ending = _end_of_turn(template, special)
    wants, why = _judged(ending, special, ids)
    return ChatDecision(
        wants=wants,
        why=why,
        template_sha256=template.sha256,
        source=template.source,
        end_of_turn=ending,
        end_of_turn_id=None if ending is None else special[ending],
        stop_ids=ids,
    )


def _judged(ending: str | None, special: Mapping[str, int], ids: tuple[int, ...]) -> tuple[bool, str]:
    if ending is None:
        return (
            True,
            "there is a chat template; it writes no special token behind an answer that could be tested",
        )
    if special[ending] in ids:
        return True, f"its chat template ends an answer with {ending}, and the checkpoint stops there"
    return False, (
        f"its chat template ends an answer with {ending}, but the checkpoint does not stop there "
        f"(it stops at {', '.join(map(str, ids)) or 'no token'}): "
        "a base model that carries the template of its tuned siblings"
    )


def _end_of_turn(template: ChatTemplate, special: Mapping[str, int]) -> str | None:
    """The first special token behind an answer."""
    messages = [{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": _ANSWER}]
    _, found, rest = render(template, messages, add_generation_prompt=False).rpartition(_ANSWER)
    places = [(rest.find(text), -len(text), text) for text in special if text in rest] if found else []
    return min(places)[2] if places else None


def _stops_of_folder(folder: Path) -> tuple[tuple[int, ...], dict[str, int]]:
    """Ids at which a folder's model stops, and the id of every added token by its text."""
    path = folder / "tokenizer.json"
    special = {token.content: token.id for token in added_tokens(read_object(path), path)}
    by_text = special.get(special_texts(folder).get("eos", ""))
    ids = stop_ids(folder)
    return (ids if by_text is None or by_text in ids else (*ids, by_text)), special


def _stops_of_gguf(path: Path) -> tuple[tuple[int, ...], dict[str, int]]:
    metadata: Mapping[str, Any] = read_gguf(path).metadata
    found = (metadata.get(f"tokenizer.ggml.{role}_token_id") for role in _GGUF_STOPS)
    tokens = metadata.get("tokenizer.ggml.tokens", ())
    types = metadata.get("tokenizer.ggml.token_type", ())
    special = {
        token: number
        for number, (token, kind) in enumerate(zip(tokens, types, strict=False))
        if kind in _MATCHED_BY_TEXT and token
    }
    return tuple(dict.fromkeys(number for number in found if number is not None)), special
