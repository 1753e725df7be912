"""The canonical digest of a gate: it changes when its meaning does, and never with prose."""

from __future__ import annotations

from typing import Any

from specship.contracts.expectation import Expectation, Scalar
from specship.contracts.records import Contract, Gate
from specship.digests import digest_of


def gate_digest(gate: Gate, *, probe_code: str) -> str:
    """Digest over id, probe and its code, effective expectation, requirements and faults.

    `gate` carries the expectation in force, that is, after a profile's overrides. The rule's
    words, its source, the criteria it speaks for, whether it blocks and which of its limits were proposed
    are no part of what was measured; nor is what the contract says of itself (version, summary,
    references). The faults are a set, and so are the quantities that one makes fail: neither order nor
    repetition means anything.
    Which limits no fault can break counts, and the reason's words do not.
    """
    return digest_of({
        "id": gate.id,
        "probe": gate.probe,
        "probe_code": probe_code,
        "expect": {quantity: limit_meaning(expected) for quantity, expected in gate.expect.items()},
        "requires": gate.requires.model_dump(),
        "faults": {name: frozenset(fails) for name, fails in gate.faults.items()},
        **({"unfalsified": frozenset(gate.unfalsified)} if gate.unfalsified else {}),
    })  # fmt: skip


def limit_meaning(expectation: Expectation) -> dict[str, Any]:
    """What an expectation says, as plain values for a digest: operator, limit, unit, and how sure.

    Numbers that judge alike are alike, so that `2` and `2.0` are one limit. The ends of `between`
    have an order; the choices of `one_of` have none, and one that is given twice is given once.
    """
    operator = expectation.operator
    limit: Any = getattr(expectation, operator)
    if operator == "one_of":
        limit = sorted({digest_of(_plain(choice)) for choice in limit})
    elif operator == "between":
        limit = [_plain(end) for end in limit]
    else:
        limit = _plain(limit)
    meaning = {"operator": operator, "limit": limit, "unit": expectation.unit}
    if expectation.confidence is not None:  # a limit without one keeps the digest that it always had
        meaning["interval"] = [
            expectation.confidence,
            "error" if expectation.error else "count",
            expectation.beside,
        ]
    return meaning


def _plain(value: Scalar) -> Scalar:
    """A number without a fraction as a whole one; True stays apart from 1, and text from numbers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def contract_digest(contract: Contract) -> str:
    """Digest of everything a contract says."""
    return digest_of(contract.model_dump(mode="json", exclude_none=True))
