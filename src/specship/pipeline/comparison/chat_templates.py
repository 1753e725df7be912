"""The same messages rendered by a checkpoint's template here and by llama.cpp from a GGUF, side by side.

llama.cpp has a template engine of its own. Its prompt must be ours, and the ids that it makes of it
must be those of the checkpoint's tokenizer. A begin token that the template writes is left out of
llama.cpp's prompt where llama.cpp adds it again by itself; the ids show that it counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship.pipeline.chat.rendering import Message, render_all
from specship.pipeline.chat.template import needed_template
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from specship.pipeline.inference.open_model import open_model
from specship.pipeline.tokenizer.pre_tokenizers import SPLITTINGS

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderingFigures:
    """How the renderings of some conversations compare."""

    conversations: int
    differing_texts: int
    differing_ids: int
    """Conversations whose prompts become other tokens."""
    tokens: int
    """Tokens of all prompts together, as the checkpoint's tokenizer counts them."""
    same_template: bool
    """Whether both carry the same template, byte for byte."""
    first_difference: str
    """Where the first two texts differ, or the first ids; empty where nothing differs."""

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        return not self.differing_texts and not self.differing_ids


def compare_renderings(
    checkpoint: Path, gguf: Path, conversations: Sequence[Sequence[Message]]
) -> RenderingFigures:
    """Render conversations by both, each up to where the answer begins, and compare texts and ids.

    `checkpoint` may be a GGUF too. Times that a template reads are the present on both sides.

    Raises:
        UnusableInput: one of them has no template or no tokenizer, or its template refuses the messages.
        DamagedArtifact: a file cannot be read.
        StageFailed: llama.cpp crashed or did not end.
    """
    template, other = needed_template(checkpoint), needed_template(gguf)
    ours = render_all(template, conversations)
    plain = tuple(tuple(dict(message) for message in messages) for messages in conversations)
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(gguf), conversations=plain))
    tokenizer = open_model(checkpoint).tokenizer()
    our_ids = [tuple(tokenizer.encode(text, add_special_tokens=False).ids) for text in ours]
    begin = other.special_tokens.get("bos", "") if _adds_begin(gguf) else ""
    texts = [(text.removeprefix(begin), theirs) for text, theirs in zip(ours, answer.rendered, strict=True)]
    ids = list(zip(our_ids, answer.rendered_ids, strict=True))
    return RenderingFigures(
        conversations=len(ours),
        differing_texts=sum(a != b for a, b in texts),
        differing_ids=sum(a != b for a, b in ids),
        tokens=sum(map(len, our_ids)),
        same_template=template.text == other.text,
        first_difference=next(
            (_first_difference(a, b) for a, b in texts if a != b),
            next((_first_difference(a, b) for a, b in ids if a != b), ""),
        ),
    )


def _adds_begin(gguf: Path) -> bool:
    """Whether llama.cpp puts the begin token before a text; some kinds do so unless the file denies it."""
    metadata = read_gguf(gguf).metadata
    named = SPLITTINGS.get(str(metadata.get("tokenizer.ggml.pre")))
    usual = metadata.get("tokenizer.ggml.model") == "llama" or (named is not None and named.adds_bos)
    return bool(metadata.get("tokenizer.ggml.add_bos_token", usual))


def _first_difference(ours: str | Sequence[int], theirs: str | Sequence[int]) -> str:
    pairs = zip(ours, theirs, strict=False)
    at = next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(ours), len(theirs)))
    unit = "character" if isinstance(ours, str) else "token"
    return f"{unit} {at}: {ours[at : at + _SHOWN]!r} here, {theirs[at : at + _SHOWN]!r} in llama.cpp"
