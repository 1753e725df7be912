"""Limits that no fault is said to break, and of which nobody says why none can."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from specship.contracts.document import Document
from specship.contracts.records import Gate
from specship.lint.rule import Violation, rule
from specship.lint.view import View

_MEND: Final = "write `FAULT: [{0}]` into `falsified_by` of {1}, or the reason into `unfalsified`"


@rule(
    "SHIP416",
    bad="expect:\n  unmoved: {equals: 0, unit: tensors}\n  only_shrunk: {equals: 0, unit: tensors}\n"
    "falsified_by: {frozen-weights: [unmoved]}",
    good="falsified_by: {frozen-weights: [unmoved], missing-gradient: [only_shrunk]}",
)
def check(view: View) -> Iterator[Violation]:
    """A limit that nobody has seen fail rides along: perhaps it cannot, and its gate is not armed.

    Looked at are blocking gates that have a probe and predict what a fault breaks; a list of names predicts
    nothing. Each limit, those that a profile adds too, is predicted by a fault in `falsified_by`, or
    `unfalsified` says in one line why no fault can break it; not both.
    """
    limited: dict[str, set[str]] = {}
    for profile, document in view.profiles():
        for identity, override in profile.overrides.items():
            gate = view.gate_by_id[identity][2] if identity in view.gate_by_id else None
            if gate is None or not _asked(gate):
                continue
            limited.setdefault(identity, set()).update(override.expect)
            for quantity in sorted(override.expect.keys() - gate.expect.keys() - _spoken_of(gate)):
                yield Violation(
                    document, ("overrides", identity, "expect", quantity),
                    f"{identity}: no fault is said to break its limit on {quantity} at {profile.profile}",
                    _MEND.format(quantity, identity),
                )  # fmt: skip
    for file, index, gate in view.gates():
        if _asked(gate):
            yield from _of_contract(file.document, index, gate, limited.get(gate.id, set()))


def _asked(gate: Gate) -> bool:
    return bool(gate.ship_blocking and gate.probe and gate.predicted)


def _spoken_of(gate: Gate) -> frozenset[str]:
    return gate.predicted | gate.unfalsified.keys()


def _of_contract(document: Document, index: int, gate: Gate, limited: Collection[str]) -> Iterator[Violation]:
    """`limited` are the quantities that profiles limit."""
    at = ("gates", index)
    for quantity in gate.unpredicted:
        yield Violation(
            document, (*at, "expect", quantity),
            f"{gate.id}: no fault is said to break its limit on {quantity}",
            _MEND.format(quantity, gate.id),
        )  # fmt: skip
    for quantity in sorted(gate.unfalsified.keys() & gate.predicted):
        yield Violation(
            document, (*at, "unfalsified", quantity),
            f"{gate.id} says that no fault can break {quantity}, and names one that does",
            "take one of them out",
        )  # fmt: skip
    for quantity in sorted(_spoken_of(gate) - gate.expect.keys() - set(limited)):
        yield Violation(
            document, (*at, "id"),
            f"{gate.id} speaks of {quantity}, on which neither it nor a profile has a limit",
            "write the limit, or take the name out",
        )  # fmt: skip
