"""What the reasons are found in: a review, the status of both sides, what lint says, and the exceptions."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from specship.lint.finding import Finding
from specship.review.records import MAJOR, Change, Review
from specship.status.report import GateReport, ModelReport, WaiverReport


class MergeObjection(NamedTuple):
    """One reason, before it is known which question found it."""

    id: str
    says: str
    mend: str
    path: str | None = None
    line: int | None = None


class Committed(NamedTuple):
    """The committed evidence of a side, by the path of each file."""

    files: Mapping[str, str]
    """Git's id of each statement and each record of arming."""
    packs: Mapping[str, str]
    """The pack in which a statement stands that has no file of its own."""
    gates: Mapping[str, str]
    """The gate that each speaks of."""
    unsigned: Mapping[str, str]
    """Statements that base lacks and whose signer does not count there: what they are about, and why."""
    armings: Mapping[str, frozenset[str]]
    """The records of arming of each gate."""
    problems: tuple[str, ...]
    """What is damaged or missing, in words."""


@dataclass(frozen=True)
class MergeFacts:
    """Everything that is known of a change when it is judged."""

    review: Review
    before: tuple[ModelReport, ...]
    """Base's evidence under base's demands."""
    on_base: tuple[ModelReport, ...]
    """Head's evidence under base's demands."""
    after: tuple[ModelReport, ...]
    """Head's evidence under head's demands, signed by keys that base trusts."""
    places: Mapping[str, tuple[str, int | None]]
    """Contract within the repository and line of each gate of head."""
    folder: str
    """Of the project within the repository."""
    base: Committed
    head: Committed
    lint: tuple[Finding, ...]
    """What the rules find in head."""
    untrue: tuple[MergeObjection, ...]
    """Where an amendment and the change do not agree."""
    waivers: tuple[WaiverReport, ...]
    """Of head."""
    refused_keys: tuple[str, ...]
    """Trusted keys of head that no release believes, in words."""
    waived_before: frozenset[tuple[str, str]]
    """Gate and fingerprint of those that lie on base as well, and end no later than they do there."""
    floor: float | None
    """What `--fail-under` demands, in percent."""
    releases: frozenset[str]
    """The profiles at which a model ships on either side, as head calls them."""
    fall: bool
    """Whether no number may be lower than on base."""
    session: str = ""
    """What the last test session says of itself."""

    @cached_property
    def new_evidence(self) -> frozenset[str]:
        """Files of evidence that base does not have."""
        return frozenset(self.head.files) - frozenset(self.base.files)

    @cached_property
    def excused(self) -> frozenset[tuple[str, str]]:
        """Failures, by gate and fingerprint, of which a waiver is in force that lies on base as well."""
        own = {(waiver.gate, waiver.fingerprint) for waiver in self.waivers if waiver.state == "in force"}
        return self.waived_before & own

    @cached_property
    def measured_anew(self) -> frozenset[str]:
        """Gates of which there is evidence that base does not have."""
        return frozenset(self.head.gates[path] for path in self.new_evidence if path in self.head.gates)

    @cached_property
    def outdated(self) -> int:
        """Verdicts that counted on base and do not here, although no change of a demand made them stale."""
        named = {(stale.gate, stale.profile) for change in self.review.changes for stale in change.stales}
        stood = {(gate.id, model.profile) for model, gate in self.gates(self.before) if gate.fresh}
        stand = {(gate.id, model.profile) for model, gate in self.gates(self.after) if gate.fresh}
        whole = {profile for gate, profile in named if gate == "*"}
        return sum(profile not in whole for _, profile in stood - stand - named)

    def inside(self, path: str) -> str:
        """A path within the project as one of the repository."""
        return posixpath.join(self.folder, path)

    def weakenings(self) -> Iterator[Change]:
        """Changes after which something passes, or may pass, that did not before."""
        return (change for change in self.review.changes if change.direction in MAJOR)

    def gates(self, models: tuple[ModelReport, ...]) -> Iterator[tuple[ModelReport, GateReport]]:
        """Each gate of some reports, once for each profile."""
        seen = set()
        for model in models:
            for criterion in model.criteria:
                for gate in criterion.gates:
                    if (model.profile, gate.id) not in seen:
                        seen.add((model.profile, gate.id))
                        yield model, gate
