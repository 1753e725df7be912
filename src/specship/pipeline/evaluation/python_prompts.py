"""Prompts from held-out Python: a function's header with the text before it; a completion is its body.

A prompt ends right after the header's colon, where every byte-level tokenizer has a border.
Which headers are taken follows from the documents alone: documents in the order of their digest,
one header each, round after round, so that no document dominates.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from specship.errors import UnusableInput
from specship.pipeline.corpus.manifest import CorpusDocument, read_documents
from specship.pipeline.inference.any_model import AnyModel, open_any_model
from specship.pipeline.stage import Work

if TYPE_CHECKING:
    from tokenizers import Tokenizer

HEADER: Final = re.compile(r"^([ \t]*)def [A-Za-z_]\w*\([^()\n]*\)(?: -> [^:\n]+)?:[ \t]*$", re.MULTILINE)
"""A header on one line; its body follows on the next."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text of a held-out document from character `begin` to `end`, ending in a header's colon."""

    document_sha256: str
    begin: int
    end: int
    header: str
    """The header's line, with its indentation."""
    text: str
    token_ids: tuple[int, ...]


def choose_prompts(
    documents: Iterable[CorpusDocument], tokenizer: Tokenizer, *, count: int, context_tokens: int
) -> list[Prompt]:
    """`count` prompts of at most `context_tokens` tokens each.

    Raises:
        UnusableInput: the documents hold fewer headers than that.
    """
    found: list[Prompt] = []
    for document, header in _headers(documents):
        prompt = _prompt(document, header, tokenizer, context_tokens)
        if prompt is not None:
            found.append(prompt)
        if len(found) == count:
            return found
    raise UnusableInput(
        f"the held-out documents give {len(found)} prompts, {count} are wanted",
        why="a share of fewer prompts is another figure",
        mend="hold out more documents, or ask for fewer prompts in the profile",
    )


def checkpoint_and_prompts(
    work: Work, *, count: int, context_tokens: int
) -> tuple[AnyModel, Tokenizer, list[Prompt]]:
    """What a stage completes held-out text with: its checkpoint, the tokenizer, and the prompts.

    Raises:
        UnusableInput: the checkpoint cannot be used, or the held-out documents give too few prompts.
    """
    opened = open_any_model(work.inputs["checkpoint"])
    tokenizer = opened.tokenizer()
    documents = read_documents(work.inputs["corpus"], "heldout")
    return opened, tokenizer, choose_prompts(documents, tokenizer, count=count, context_tokens=context_tokens)


def _headers(documents: Iterable[CorpusDocument]) -> Iterator[tuple[CorpusDocument, re.Match[str]]]:
    """Headers of all documents, one of each document a round, in an order that their digests fix."""
    waiting = []
    for document in sorted(documents, key=lambda document: document.sha256):
        headers = list(HEADER.finditer(document.text))
        headers.sort(
            key=lambda header: hashlib.sha256(f"{document.sha256}:{header.start()}".encode()).digest()
        )
        waiting.append((document, headers))
    for turn in range(max((len(headers) for _, headers in waiting), default=0)):
        for document, headers in waiting:
            if turn < len(headers):
                yield document, headers[turn]


def _prompt(
    document: CorpusDocument, header: re.Match[str], tokenizer: Tokenizer, most: int
) -> Prompt | None:
    """Whole lines before the header, as many as fit; None when the header alone is too long."""
    end = header.start() + len(header.group().rstrip(" \t"))
    begin, chosen = header.start(), None
    while True:
        ids = tuple(tokenizer.encode(document.text[begin:end], add_special_tokens=False).ids)
        if len(ids) > most:
            return chosen
        chosen = Prompt(
            document.sha256, begin, end, document.text[header.start() : end], document.text[begin:end], ids
        )
        if begin == 0:
            return chosen
        begin = document.text.rfind("\n", 0, begin - 1) + 1
