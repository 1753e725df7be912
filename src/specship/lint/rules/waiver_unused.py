"""Waivers that can excuse nothing."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP415",
    bad="gate: GATE-TRAIN-009   # whose `ship_blocking` is false",
    good="gate: GATE-TRAIN-003   # which blocks, and fails",
)
def check(view: View) -> Iterator[Violation]:
    """A waiver that excuses nothing is read as if something failed, and forgotten when something does.

    Looked at is what files say: a gate that blocks nothing, and a failure that another waiver names.
    Whether the gate fails as the waiver says is known from evidence: `specship status` and `gate` tell.
    """
    seen: dict[tuple[str, str], str] = {}
    for file in view.waivers:
        gate = file.waiver.gate
        found = view.gate_by_id.get(gate)
        first = seen.setdefault((gate, file.waiver.fingerprint), file.path)
        if first != file.path:
            yield Violation(
                file.document, ("fingerprint",), f"the same failure of {gate} is waived by {first}",
                "delete one of the two files",
            )  # fmt: skip
        elif found and not (found[2].ship_blocking and found[2].binds_to):
            yield Violation(
                file.document, ("gate",), f"{gate} blocks nothing, so that there is nothing to excuse",
                "delete the file",
            )  # fmt: skip
