"""Scores of samples whose limit is held against the figure alone."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View

_ERROR = "standard_error"
_SHARE = "fraction"


@rule(
    "SHIP419",
    bad="value: {at_least: 0.30, unit: fraction}   # 0.31 of 100 samples passes, and so would chance",
    good="value: {at_least: 0.30, unit: fraction, confidence: 0.95, count: samples}",
)
def check(view: View) -> Iterator[Violation]:
    """A score is one draw: a model that is worse than the limit passes it now and then, by chance alone.

    Looked at are limits in `fraction`, without a `confidence`, on quantities of probes that measure a
    `standard_error` in the same unit. Differences of two stated figures carry another unit.
    """
    for file, index, gate in view.gates():
        probe = view.known.probes.get(gate.probe or "")
        if probe is None or probe.units.get(_ERROR) != _SHARE:
            continue
        for quantity, limit in gate.expect.items():
            noisy = quantity != _ERROR and limit.unit == _SHARE and limit.operator not in {"equals", "one_of"}
            if noisy and limit.confidence is None:
                place = ("gates", index, "expect", quantity)
                message = f"{gate.id}: {quantity} {limit.limit_text} is met by chance, too"
                mend = f"add `confidence: 0.95` with `count:` or `error: {_ERROR}`"
                yield Violation(file.document, place, message, mend)
