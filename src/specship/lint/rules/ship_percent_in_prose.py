"""A ship-% that somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from specship.contracts.document import Document
from specship.lint.rule import Violation, rule
from specship.lint.view import View

_PERCENT: Final = r"\d+(?:[.,]\d+)?\s*(?:%|per ?cent\b)"
_TYPED: Final = re.compile(
    rf"\bship\w*\W+(?:\w+\W+){{0,4}}?{_PERCENT}"
    rf"|{_PERCENT}\W+(?:\w+\W+){{0,4}}?(?:ship\w*|ready|done|complete|discharged)\b",
    re.IGNORECASE,
)
Text = tuple[Document, tuple[str | int, ...], str]


@rule(
    "SHIP417",
    bad="because: We ship 80 % already.",
    good="because: Nobody can load what was not exported.",
)
def check(view: View) -> Iterator[Violation]:
    """A ship-% in prose was typed by hand, and stays when the real one falls.

    It is a percentage beside a word of shipping ("ships 80 %", "80 % done"), in any prose of spec, profiles
    and contracts. That of amendments is held against the evidence by `specship review`.
    """
    for document, path, text in _texts(view):
        if "%" in text or "cent" in text:
            for found in _TYPED.finditer(text):
                yield Violation(
                    document, path, f"{found[0]!r} is a ship-% that somebody typed",
                    "say it without the percentage: `specship status` computes it from the evidence",
                )  # fmt: skip


def _texts(view: View) -> Iterator[Text]:
    """Every prose, with its place."""
    for file in view.contracts:
        yield file.document, ("summary",), file.contract.summary
        for index, gate in enumerate(file.contract.gates):
            yield file.document, ("gates", index, "rule"), gate.rule
    if view.spec:
        yield view.spec.document, ("title",), view.spec.spec.title
        for m, model in enumerate(view.spec.spec.models):
            yield view.spec.document, ("models", m, "title"), model.title
    for document, m, c, criterion in view.criteria():
        for key in ("statement", "because"):
            yield document, ("models", m, "criteria", c, key), getattr(criterion, key)
    for profile, document in view.profiles():
        yield document, ("summary",), profile.summary
        for gate_id, override in profile.overrides.items():
            yield document, ("overrides", gate_id, "reason"), override.reason
        for criterion_id, reason in profile.not_judged.items():
            yield document, ("not_judged", criterion_id), reason
