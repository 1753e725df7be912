"""The new amendments of a change, held against what it does."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Final

from specship.amend.findings import AmendmentFinding, amendment_findings
from specship.contracts.document import document_of
from specship.contracts.reader import ContractFile
from specship.pull_request.facts import MergeObjection
from specship.review.records import Review
from specship.review.reviewing import BothSides
from specship.specs.advice import advice

_ASKED_ELSEWHERE: Final = frozenset({"no-amendment", "not-named", "bump-too-small"})
"""Kinds that are reasons of their own: what has to be named, and which step is demanded, the review says."""


def untrue(
    sides: BothSides, review: Review, contracts: Mapping[str, ContractFile], statements: Mapping[str, str]
) -> Iterator[MergeObjection]:
    """Where they do not agree: what did not change, claims that the diff refutes, pointers to nothing."""
    base, head = sides.base, sides.head
    if head.spec is None or head.configuration is None:
        return
    known = base.spec.amendments if base.spec else {}
    folder = head.inside(posixpath.join(head.configuration.spec, "amendments"))
    added = {name: entry for name, entry in head.spec.amendments.items() if name not in known}
    texts = head.tree.read(f"{folder}/{name}" for name in added)
    new = {
        name: (entry, document_of(texts[f"{folder}/{name}"], f"{folder}/{name}"))
        for name, entry in added.items()
    }
    gates = {gate.id for file in contracts.values() for gate in file.contract.gates}
    digests = {posixpath.basename(path).removesuffix(".json") for path in statements}
    own = {one.identity for entry in added.values() for one in entry.recommendations if one.state == "OPEN"}
    found = amendment_findings(
        new,
        review,
        pointers={*gates, *head.spec.amendments, *digests},
        given={*advice(head.spec.history), *own},
    )
    yield from (_found(entry) for entry in found if entry.kind not in _ASKED_ELSEWHERE)


def _found(entry: AmendmentFinding) -> MergeObjection:
    path, line, _ = entry.place.rsplit(":", 2)
    return MergeObjection(entry.kind, f"{entry.message}: {entry.why}", entry.mend, path, int(line))
