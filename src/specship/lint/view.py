"""What rules look at: everything that was read of a project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from specship.contracts.document import Document
from specship.contracts.expectation import Expectation
from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.contracts.repeating import Repeated
from specship.specs.binding import Known
from specship.specs.reader import SpecFolder
from specship.specs.records import Criterion, Override, Profile
from specship.specs.waivers import WaiverFile
from specship.units import Quantity

Untrained = Mapping[tuple[str, str, str], Mapping[str, Quantity]]
"""By model, profile and gate: what a model that was never trained measures."""


RepeatedFigures = Mapping[tuple[str, str], Mapping[str, Repeated]]
"""By profile and gate: what each quantity was on one healthy variant after another."""


@dataclass(frozen=True)
class View:
    """Contracts and spec, the names they can use, and what an untrained model measures."""

    contracts: tuple[ContractFile, ...]
    spec: SpecFolder | None
    known: Known
    untrained: Untrained
    planted: frozenset[str]
    """Faults whose files plant them."""
    whole: bool
    """Whether every file could be read: only then is something that is nowhere really missing."""
    waivers: tuple[WaiverFile, ...] = ()
    today: date = date.min
    """The day (UTC) on which the rules are asked; exceptions end."""
    repeated: RepeatedFigures = field(default_factory=dict)
    """As the records of flip rates have it."""

    def gates(self) -> Iterator[tuple[ContractFile, int, Gate]]:
        """Every gate with its file and its index there."""
        for file in self.contracts:
            for index, gate in enumerate(file.contract.gates):
                yield file, index, gate

    @cached_property
    def gate_by_id(self) -> Mapping[str, tuple[ContractFile, int, Gate]]:
        """The same by id."""
        return {found[2].id: found for found in self.gates()}

    def criteria(self) -> Iterator[tuple[Document, int, int, Criterion]]:
        """Every criterion with the spec's text, and the index of its model and its own."""
        for m, model in enumerate(self.spec.spec.models if self.spec else ()):
            for c, criterion in enumerate(model.criteria):
                yield self.spec.document, m, c, criterion  # type: ignore[union-attr]

    def profiles(self, kind: str | None = None) -> Iterator[tuple[Profile, Document]]:
        """Every profile, or those of a kind, with its text."""
        for name, profile in self.spec.profiles.items() if self.spec else ():
            if kind in {None, profile.kind}:
                yield profile, self.spec.profile_documents[name]  # type: ignore[union-attr]

    @cached_property
    def model_of_criterion(self) -> Mapping[str, str]:
        """The model that each criterion belongs to."""
        models = self.spec.spec.models if self.spec else ()
        return {criterion.id: model.id for model in models for criterion in model.criteria}

    def model_of(self, gate: Gate) -> str | None:
        """The model that a gate speaks about."""
        return self.model_of_criterion.get(gate.binds_to[0]) if gate.binds_to else None

    def measured_untrained(self, gate: Gate, profile: Profile) -> Mapping[str, Quantity]:
        """What an untrained model measures at a gate; empty where nobody recorded it."""
        return self.untrained.get((self.model_of(gate) or "", profile.profile, gate.id), {})


def in_force(gate: Gate, override: Override | None) -> dict[str, Expectation]:
    """The limits of a gate with a profile's override applied."""
    if override is None:
        return gate.expect
    return {name: limit for name, limit in gate.expect.items() if name not in override.drop} | override.expect


def all_hold(limits: Mapping[str, Expectation], measured: Mapping[str, Quantity]) -> bool:
    """Whether a measurement meets every one of some limits."""
    return all(limit.met(quantity, measured) for quantity, limit in limits.items())
