"""Where names meet what they name.

A gate's probe, quantities, units, criteria and faults, a profile's overrides and settings: whatever
binds to nothing is a fault with its place.

Contracts are checked on their plain values, so that a gate that cannot be read for one reason still
has its other names looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from specship.contracts.building import record_faults
from specship.contracts.document import Document
from specship.contracts.records import SLUG_PATTERN
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.specs.records import BORROWED, Profile
from specship.units import unit_named


@dataclass(frozen=True, slots=True)
class ProbeFacts:
    """What a probe measures, without the probe."""

    name: str
    units: Mapping[str, str]
    """Unit of each quantity."""
    artifacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a contract or profile can name."""

    probes: Mapping[str, ProbeFacts]
    stages: frozenset[str]
    """Artifacts that some stage makes."""
    settings: Mapping[str, type[BaseModel]]
    """Sections of pipeline settings, each with its record."""
    faults: frozenset[str]
    ways: Mapping[str, str] = field(default_factory=dict)
    """Sections that choose another stage than the usual one, with the artifact that it makes."""
    several: frozenset[str] = frozenset()
    """Sections that hold, by name, an entry for each of several stages."""


def contract_faults(document: Document, known: Known, criteria: Mapping[str, str]) -> Iterable[UnusableInput]:
    """Names in a contract that bind to nothing; `criteria` gives the model of each criterion."""
    for index, gate in enumerate(gates_of(document)):
        yield from _criterion_faults(document, ("gates", index), gate, criteria)
        yield from _fault_faults(document, ("gates", index), gate, known)
        yield from _proposal_faults(document, ("gates", index), gate)
        yield from _probe_faults(document, ("gates", index), gate, known)


def gates_of(document: Document) -> tuple[Mapping[str, Any], ...]:
    """The gates of a contract as plain values; one that is no mapping is an empty one."""
    gates = document.values.get("gates") if isinstance(document.values, dict) else None
    found = gates if isinstance(gates, tuple) else ()
    return tuple([gate if isinstance(gate, dict) else {} for gate in found])


def _texts(value: Any) -> Iterable[tuple[int, str]]:
    for index, entry in enumerate(value if isinstance(value, tuple) else ()):
        if isinstance(entry, str):
            yield index, entry


def _criterion_faults(
    document: Document, at: tuple[str | int, ...], gate: Mapping[str, Any], criteria: Mapping[str, str]
) -> Iterable[UnusableInput]:
    models = set()
    for index, criterion in _texts(gate.get("binds_to")):
        if criterion in criteria:
            models.add(criteria[criterion])
            continue
        yield UnknownName(
            f"the spec has no criterion {criterion!r}",
            at=document.place(*at, "binds_to", index),
            mend=did_you_mean(criterion, criteria) or "list them: specship trace",
            code="SHIP304",
        )
    if len(models) > 1:
        yield UnusableInput(
            f"{gate.get('id')} binds to criteria of {' and '.join(sorted(models))}",
            at=document.place(*at, "binds_to"),
            why="evidence is about one model's bytes",
            mend="write one gate a model",
            code="SHIP312",
        )


def _fault_faults(
    document: Document, at: tuple[str | int, ...], gate: Mapping[str, Any], known: Known
) -> Iterable[UnusableInput]:
    named = gate.get("falsified_by")
    entries = [(key, key) for key in named] if isinstance(named, dict) else list(_texts(named))
    for index, fault in entries:
        if isinstance(fault, str) and fault not in known.faults:
            yield UnknownName(
                f"no fault is called {fault!r}",
                at=document.place(*at, "falsified_by", index),
                why="nobody can inject a defect that nobody has described",
                mend=did_you_mean(fault, known.faults) or f"describe it: specship new fault {fault}",
                code="SHIP309",
            )
    if not isinstance(gate.get("expect"), dict):
        return
    probe = known.probes.get(str(gate.get("probe")))
    # A profile may limit a quantity that the contract does not.
    expected = dict.fromkeys([*gate["expect"], *(probe.units if probe else ())])
    excused = gate.get("unfalsified")
    for quantity in excused if isinstance(excused, dict) else ():
        if quantity not in expected:
            yield UnknownName(
                f"{gate.get('id')} expects nothing of {quantity!r}",
                at=document.place(*at, "unfalsified", quantity),
                why="only a limit that is there can be one that no fault breaks",
                mend=did_you_mean(str(quantity), expected) or f"name one of: {', '.join(expected)}",
                code="SHIP317",
            )
    for fault, quantities in named.items() if isinstance(named, dict) else ():
        for index, quantity in _texts(quantities):
            if quantity not in expected:
                yield UnknownName(
                    f"{gate.get('id')} expects nothing of {quantity!r}",
                    at=document.place(*at, "falsified_by", fault, index),
                    why="a fault is seen in a quantity that has a limit",
                    mend=did_you_mean(quantity, expected) or f"name one of: {', '.join(expected)}",
                    code="SHIP317",
                )


def _proposal_faults(
    document: Document, at: tuple[str | int, ...], gate: Mapping[str, Any]
) -> Iterable[UnusableInput]:
    expected = gate["expect"] if isinstance(gate.get("expect"), dict) else {}
    for index, quantity in _texts(gate.get("proposed")):
        if quantity not in expected:
            yield UnknownName(
                f"{gate.get('id')} expects nothing of {quantity!r}",
                at=document.place(*at, "proposed", index),
                why="only a limit that is there was proposed",
                mend=did_you_mean(quantity, expected) or "take the name out",
                code="SHIP317",
            )


def _probe_faults(
    document: Document, at: tuple[str | int, ...], gate: Mapping[str, Any], known: Known
) -> Iterable[UnusableInput]:
    name = gate.get("probe")
    if not isinstance(name, str):
        return
    probe = known.probes.get(name)
    if probe is None:
        yield UnknownName(
            f"no probe is called {name!r}",
            at=document.place(*at, "probe"),
            why="a gate can only bind a quantity that some probe measures",
            mend=did_you_mean(name, known.probes) or f"write it: specship new probe {name}",
            code="SHIP301",
        )
        return
    for artifact in probe.artifacts:
        if artifact not in known.stages:
            yield UnknownName(
                f"probe {name!r} measures {artifact!r}, which no stage makes",
                at=document.place(*at, "probe"),
                mend=did_you_mean(artifact, known.stages),
                code="SHIP306",
            )
    expected = gate.get("expect")
    if isinstance(expected, dict):
        yield from quantity_faults(document, (*at, "expect"), expected, probe)


def quantity_faults(
    document: Document, at: tuple[str | int, ...], expected: Mapping[str, Any], probe: ProbeFacts
) -> Iterable[UnusableInput]:
    """Quantities that the probe does not measure, or measures in another unit."""
    for quantity, limit in expected.items():
        unit = limit.get("unit") if isinstance(limit, dict) else getattr(limit, "unit", None)
        if quantity not in probe.units:
            yield UnknownName(
                f"probe {probe.name!r} does not measure {quantity!r}",
                at=document.place(*at, quantity),
                mend=did_you_mean(quantity, probe.units) or f"it measures: {', '.join(probe.units)}",
                code="SHIP302",
            )
        elif isinstance(unit, str) and unit != probe.units[quantity]:
            yield UnusableInput(
                f"{quantity} is expected in {unit!r}, and {probe.name} measures it in "
                f"{probe.units[quantity]!r}",
                at=document.value_place(*at, quantity, "unit"),
                why="a limit in another unit is another limit",
                mend=f"write the limit in {probe.units[quantity]}",
                code="SHIP303",
            )
        yield from _interval_faults(document, (*at, quantity), limit, probe)


def _interval_faults(
    document: Document, at: tuple[str | int, ...], limit: Any, probe: ProbeFacts
) -> Iterable[UnusableInput]:
    """What an interval is to be known by, and the probe does not measure or measures as another thing."""
    given = limit if isinstance(limit, Mapping) else vars(limit) if hasattr(limit, "beside") else {}
    for key in ("error", "count"):
        name, unit = given.get(key), given.get("unit")
        if not isinstance(name, str):
            continue
        measured = unit_named(probe.units.get(name, ""))
        if measured is None:
            yield UnknownName(
                f"probe {probe.name!r} does not measure {name!r}",
                at=document.value_place(*at, key),
                mend=did_you_mean(name, probe.units) or f"it measures: {', '.join(probe.units)}",
                code="SHIP302",
            )
        elif (key == "error" and measured.name != unit) or (key == "count" and not measured.counts):
            wanted = f"an error of it is in {unit}" if key == "error" else "a number of samples is a count"
            yield UnusableInput(
                f"{name} is measured in {measured.name!r}, and {wanted}",
                at=document.value_place(*at, key),
                why="an interval that is known by another figure is no interval of this one",
                mend=f"name a quantity of {probe.name} that fits",
                code="SHIP303",
            )


def profile_faults(
    profile: Profile, document: Document, known: Known, gates: Mapping[str, Mapping[str, Any]]
) -> Iterable[UnusableInput]:
    """Names in a profile that bind to nothing; `gates` gives the plain values of each gate by id."""
    for identity, override in profile.overrides.items():
        at = ("overrides", identity)
        gate = gates.get(identity)
        if gate is None:
            yield UnknownName(
                f"no contract has a gate {identity!r}",
                at=document.place(*at),
                mend=did_you_mean(identity, gates),
                code="SHIP305",
            )
            continue
        expected = gate.get("expect")
        expected = expected if isinstance(expected, dict) else {}
        for index, quantity in enumerate(override.drop):
            if quantity not in expected:
                yield UnknownName(
                    f"{identity} expects nothing of {quantity!r}",
                    at=document.place(*at, "drop", index),
                    mend=did_you_mean(quantity, expected),
                    code="SHIP315",
                )
        if set(override.drop) >= expected.keys() | override.expect.keys() and override.drop:
            yield UnusableInput(
                f"nothing is expected of {identity} at this profile", at=document.place(*at, "drop"),
                why="with every limit dropped, the gate could not fail",
                mend="keep a limit, or list its criterion under `not_judged` with the reason",
                code="SHIP313",
            )  # fmt: skip
        probe = known.probes.get(str(gate.get("probe")))
        if probe is not None:
            yield from quantity_faults(document, (*at, "expect"), override.expect, probe)
    yield from _setting_faults(profile, document, known)


def _setting_faults(profile: Profile, document: Document, known: Known) -> Iterable[UnusableInput]:
    for model, sections in profile.pipeline.items():
        for section in sections:
            at = ("pipeline", model, section)
            record = known.settings.get(section)
            if record is None:
                yield UnknownName(
                    f"no stage reads settings called {section!r}",
                    at=document.place(*at),
                    why="a setting that nobody reads would be a promise that nobody keeps",
                    mend=did_you_mean(section, known.settings)
                    or f"known: {', '.join(sorted(known.settings))}",
                    code="SHIP307",
                )
                continue
            yield from _section_faults(
                document, record, at, sections[section], several=section in known.several
            )
        yield from _way_faults(profile, model, document, known)
        if isinstance(sections.get(BORROWED), dict):
            yield from _borrowing_faults(profile, model, document, known)


def _section_faults(
    document: Document, record: type[BaseModel], at: tuple[str, ...], section: Any, *, several: bool
) -> Iterable[UnusableInput]:
    """What is wrong with a section, or with each entry of it."""
    if not several or not isinstance(section, dict):
        yield from record_faults(document, record, *at)[1]
        return
    for name in section:
        if not document.exists(*at, name):
            continue  # of a stage of the project's own, whose section was checked
        if not re.fullmatch(SLUG_PATTERN, name):
            yield UnusableInput(
                f"{name!r} is not written like train-tokenizer", at=document.place(*at, name),
                mend="write it in small letters, digits and single hyphens", code="SHIP204",
            )  # fmt: skip
        yield from record_faults(document, record, *at, name)[1]


def _way_faults(profile: Profile, model: str, document: Document, known: Known) -> Iterable[UnusableInput]:
    """Sections that choose a stage for an artifact which another section has chosen already."""
    chosen: dict[str, str] = {}
    for section in profile.pipeline[model]:
        artifact = known.ways.get(section)
        if artifact is None:
            continue
        if artifact in profile.pipeline[model]:  # the section of the stage that makes it otherwise
            chosen.setdefault(artifact, artifact)
        if artifact in chosen:
            yield UnusableInput(
                f"{section!r} makes the artifact {artifact!r} of {model}, and so does {chosen[artifact]!r}",
                at=document.place("pipeline", model, section),
                why="an artifact that comes about in two ways would be either of two",
                mend="keep one of the sections",
                code="SHIP316",
            )
        chosen.setdefault(artifact, section)


def _borrowing_faults(
    profile: Profile, model: str, document: Document, known: Known
) -> Iterable[UnusableInput]:
    """Artifacts that no stage makes, and lenders that are nobody, or have nothing of their own to lend."""
    at = ("pipeline", model, BORROWED)
    section = profile.pipeline[model][BORROWED]
    lender = section.get("model")
    for index, artifact in _texts(section.get("artifacts")):
        if artifact not in known.stages:
            yield UnknownName(
                f"no stage makes {artifact!r}",
                at=document.place(*at, "artifacts", index),
                mend=did_you_mean(artifact, known.stages),
                code="SHIP306",
            )
        for made in profile.pipeline[model]:
            if known.ways.get(made, made) == artifact:
                yield UnusableInput(
                    f"{artifact!r} is borrowed, and {made!r} makes it here",
                    at=document.place(*at, "artifacts", index),
                    why="settings of a stage that does not run would be a promise that nobody keeps",
                    mend=f"borrow it, or keep the section {made!r}",
                    code="SHIP316",
                )
    if not isinstance(lender, str):
        return
    if lender not in profile.pipeline:
        yield UnknownName(
            f"profile {profile.profile} has no pipeline for {lender!r}",
            at=document.value_place(*at, "model"),
            why="what is not made cannot be borrowed",
            mend=did_you_mean(lender, profile.pipeline),
            code="SHIP308",
        )
    elif lender == model or BORROWED in profile.pipeline[lender]:
        yield UnusableInput(
            f"nothing can be borrowed from {lender}, which borrows artifacts itself or is the borrower",
            at=document.value_place(*at, "model"),
            why="where an artifact comes from is followed to one other model, and no further",
            mend="name the model whose stages make the artifacts",
            code="SHIP316",
        )
