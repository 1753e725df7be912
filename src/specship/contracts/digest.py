"""The canonical digest of a gate: it changes when its meaning does, and never with prose."""

from __future__ import annotations

from specship.contracts.records import Contract, Gate
from specship.digests import digest_of


def gate_digest(gate: Gate, *, probe_code: str) -> str:
    """Digest over id, probe and its code, effective expectation, requirements and faults.

    `gate` carries the expectation in force, that is, after a profile's overrides. The rule's
    words, the criteria it speaks for and whether it blocks are no part of what was measured.
    """
    return digest_of({
        "id": gate.id,
        "probe": gate.probe,
        "probe_code": probe_code,
        "expect": {
            quantity: {"operator": expectation.operator, "limit": expectation.limit, "unit": expectation.unit}
            for quantity, expectation in gate.expect.items()
        },
        "requires": gate.requires.model_dump(),
        "faults": sorted(gate.falsified_by),
    })  # fmt: skip


def contract_digest(contract: Contract) -> str:
    """Digest of everything a contract says."""
    return digest_of(contract.model_dump(mode="json", exclude_none=True))
