"""Figures in the statement of a criterion."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.figures import HAS_DIGIT, figure_in
from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP405",
    bad="statement: The held-out loss is 2.2 nats a token or less.",
    good="statement: The held-out loss reaches the target.",
)
def check(view: View) -> Iterator[Violation]:
    """A figure in a statement is a second copy of a limit, and nothing keeps the two equal.

    Every number that stands alone is a figure, with or without a unit. Digits glued to a word are
    a name ("UTF-8", "SHA-256", "8-bit"); numbers in words ("eight gates") are left alone.
    """
    for document, model, index, criterion in view.criteria():
        if HAS_DIGIT.search(criterion.statement) and (figure := figure_in(criterion.statement)):
            yield Violation(
                document, ("models", model, "criteria", index, "statement"),
                f"the statement of {criterion.id} holds the figure {figure!r}",
                "say what must be true; its limit stands in a gate's `expect`",
            )  # fmt: skip
