"""References that support nothing."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP406",
    bad='- {id: "arXiv:2203.15556", supports: []}',
    good='- {id: "arXiv:2203.15556", supports: [GATE-TRAIN-012]}',
)
def check(view: View) -> Iterator[Violation]:
    """A reference that supports no gate lends its name to a contract and vouches for nothing in it."""
    for file in view.contracts:
        for index, reference in enumerate(file.contract.references):
            if not reference.supports:
                yield Violation(
                    file.document, ("references", index, "supports"), f"{reference.id} supports no gate",
                    "name the gates that rest on it, or take it out",
                )  # fmt: skip
