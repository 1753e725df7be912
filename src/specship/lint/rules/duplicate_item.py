"""Ids that stand twice in one list."""

from __future__ import annotations

from collections.abc import Iterator

from specship.contracts.document import Document
from specship.contracts.records import Gate
from specship.lint.editing import removing
from specship.lint.rule import Path_, Violation, rule
from specship.lint.view import View


@rule(
    "SHIP408",
    bad="falsified_by: [frozen-weights, frozen-weights]",
    good="falsified_by: [frozen-weights]",
    fixable=True,
)
def check(view: View) -> Iterator[Violation]:
    """An id that stands twice in a list hides that another one was meant, or is missing.

    Looked at are `binds_to`, `falsified_by`, `supports`, `depends_on` and `drop`. `--fix` takes the
    second one out, except where a comment stands beside it.
    """
    for document, at, items in _lists(view):
        if len(items) == len(set(items)):
            continue
        for index, item in enumerate(items):
            if item in items[:index]:
                yield Violation(
                    document, (*at, index), f"{item} stands twice in `{at[-1]}`", "take one of them out",
                    removing(document, at, items, index),
                )  # fmt: skip


def _listed(gate: Gate) -> tuple[str, ...]:
    """The faults where they are written as a list; a mapping cannot hold a key twice."""
    return gate.falsified_by if isinstance(gate.falsified_by, tuple) else ()


def _lists(view: View) -> Iterator[tuple[Document, Path_, tuple[str, ...]]]:
    for file in view.contracts:
        for index, reference in enumerate(file.contract.references):
            yield file.document, ("references", index, "supports"), reference.supports
        for index, gate in enumerate(file.contract.gates):
            yield file.document, ("gates", index, "binds_to"), gate.binds_to
            yield file.document, ("gates", index, "falsified_by"), _listed(gate)
    for document, model, index, criterion in view.criteria():
        yield document, ("models", model, "criteria", index, "depends_on"), criterion.depends_on
    for profile, document in view.profiles():
        for gate_id, override in profile.overrides.items():
            yield document, ("overrides", gate_id, "drop"), override.drop
