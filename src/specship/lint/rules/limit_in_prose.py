"""Limits that stand in words instead of in `expect`."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.figures import HAS_DIGIT, limit_in
from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP404",
    bad="rule: The held-out loss is at most 2.2 nats a token.",
    good="rule: The held-out loss reaches the target.\nexpect: {val_loss: {at_most: 2.2, unit: nats/token}}",
)
def check(view: View) -> Iterator[Violation]:
    """A limit in prose is enforced by nobody, and stays behind when the real one changes.

    A limit is a number after a comparison ("at most 2.2", "≥ 100", "within 3") or before a unit
    ("30 %", "100 tokens", "2.2 nats", a unit that the gate expects itself), in a gate's `rule` or a
    contract's `summary`. Digits glued to a word are a name ("20-step window", "8-bit", "float32",
    "UTF-8", "arXiv:2203.15556", "2nd"), other lone numbers ("step 0", "RFC 8259") tell no limit, and
    numbers in words ("one tensor", "twice") are left alone. The `reason` of an override may give
    figures: it says where a limit comes from.
    """
    for file in view.contracts:
        summary = file.contract.summary
        if HAS_DIGIT.search(summary) and (figure := limit_in(summary)):
            yield Violation(
                file.document, ("summary",), f"the summary states the limit {figure!r}",
                "say it without the figure: limits stand in `expect`",
            )  # fmt: skip
        for index, gate in enumerate(file.contract.gates):
            if not HAS_DIGIT.search(gate.rule):
                continue
            units = frozenset(limit.unit for limit in gate.expect.values())
            if figure := limit_in(gate.rule, units):
                yield Violation(
                    file.document, ("gates", index, "rule"),
                    f"the rule of {gate.id} states the limit {figure!r}",
                    "write the limit in `expect`, and the rule without the figure",
                )  # fmt: skip
