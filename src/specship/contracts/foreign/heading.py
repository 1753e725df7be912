"""What a foreign contract says about itself: name, version, stage, summary and sources."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, get_args

from specship.contracts.foreign.tree import Node
from specship.contracts.foreign.words import one_line, shortened, slug_of
from specship.contracts.records import Lifecycle

STAGES: Final[tuple[str, ...]] = get_args(Lifecycle)
_STAGE_WORDS: Final[Mapping[str, str]] = {
    "corpus": "corpus", "dataset": "corpus", "deduplication": "corpus",
    "tokenizer": "tokenizer", "tokenization": "tokenizer",
    "train": "train", "training": "train", "pretrain": "train", "pretraining": "train",
    "checkpoint": "checkpoint",
    "inference": "inference", "decode": "inference", "decoding": "inference", "generation": "inference",
    "gguf": "export", "export": "export",
    "eval": "eval", "evaluation": "eval", "humaneval": "eval",
    "publish": "publish", "publication": "publish", "release": "publish",
}  # fmt: skip
_WITHOUT_STAGE: Final = "process"

_VERSION: Final = re.compile(r"v?(0|[1-9][0-9]{0,8})(?:\.(0|[1-9][0-9]{0,8}))?(?:\.(0|[1-9][0-9]{0,8}))?")
_NAMED_VERSION: Final = re.compile(r"(?P<name>.+?)[-_.]v(?P<version>[0-9]{1,9})")
_ARXIV: Final = re.compile(
    r"(?:arxiv(?:\.org/(?:abs|pdf)/|:\s*))(?P<id>[0-9]{4}\.[0-9]{4,5})(?:v[0-9]+)?", re.IGNORECASE
)
_BARE_ARXIV: Final = re.compile(r"[0-9]{4}\.[0-9]{4,5}(v[0-9]+)?")
_MOST_REFERENCES: Final = 200
_LONGEST_REFERENCE: Final = 300
_LONGEST_SUMMARY: Final = 600


def name_of(root: Node, stem: str) -> str:
    """The id of the contract: the name of its file without the version, else what it calls itself."""
    found = _NAMED_VERSION.fullmatch(stem)
    own = root.first_text("contract_id", "contract", "name", "id")
    return slug_of(found["name"] if found else stem) or slug_of(own) or "imported-contract"


def version_of(root: Node, stem: str) -> str:
    """Its version in three numbers: its own, else that of its file's name, else 1.0.0."""
    for node in (root, *_about(root)):
        if found := _VERSION.fullmatch(node.first_text("version")):
            return ".".join(part or "0" for part in found.groups())
    named = _NAMED_VERSION.fullmatch(stem)
    return f"{int(named['version'])}.0.0" if named else "1.0.0"


def stage_of(root: Node, name: str) -> str:
    """The stage it states or its name speaks of; `process` when it does neither, or speaks of two."""
    for node in (root, *_about(root)):
        if (stated := node.first_text("stage").lower()) in STAGES:
            return stated
    kinds = " ".join(node.first_text("kind") for node in (root, *_about(root)))
    words = re.findall(r"[a-z]+", f"{name} {kinds}".lower())
    found = {_STAGE_WORDS[word] for word in words if word in _STAGE_WORDS}
    return found.pop() if len(found) == 1 else _WITHOUT_STAGE


def summary_of(root: Node, shown: str) -> str:
    """Its own summary or description on one line."""
    for keys in (("summary", "description"), ("title",)):
        for node in (root, *_about(root)):
            if text := node.first_text(*keys):
                return shortened(text, _LONGEST_SUMMARY)
    return f"Rules of {shown}."


def references_of(root: Node) -> tuple[str, ...]:
    """The sources it lists, each once; `arXiv:2203.15556` where one is an arXiv id."""
    found: dict[str, None] = {}
    for node in (root, *_about(root)):
        for key in ("references", "citations", "arxiv_citations", "sources"):
            for text in _texts(node.entries.get(key)):
                for one in arxiv_ids(text, bare=key == "arxiv_citations") or [one_line(text)]:
                    found.setdefault(shortened(one, _LONGEST_REFERENCE), None)
    return tuple(one for one in found if one)[:_MOST_REFERENCES]


def arxiv_ids(text: str, *, bare: bool = False) -> Sequence[str]:
    """The arXiv ids in a text, spelt alike; without the prefix only where the place says what they are."""
    if bare and _BARE_ARXIV.fullmatch(text.strip()):
        text = f"arXiv:{text.strip()}"
    return [f"arXiv:{found['id']}" for found in _ARXIV.finditer(text)]


def _about(root: Node) -> tuple[Node, ...]:
    return tuple(root.entries[key] for key in ("metadata", "contract") if key in root.entries)


def _texts(node: Node | None) -> list[str]:
    """The texts of a list of references; of an entry with several keys, the words in their order."""
    if node is None:
        return []
    if node.raw:
        return [node.raw]
    rows = [*node.items, *([] if node.items else node.entries.values())]
    return [", ".join(one_line(text) for text in row.texts() if text) for row in rows]
