"""Contracts read one by one, each to the few facts of it that a test session needs.

No text is kept, and no record: a thousand contracts are read in the memory of one. What is at fault
is not told here; whoever gets no answer reads the project whole, and hears of every fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specship.contracts.document import Document, read_document
from specship.contracts.reader import contract_of
from specship.errors import UnreadableDocument
from specship.result_cache import ProjectFiles, bytes_digest
from specship.specs.binding import Known, ProbeFacts, contract_faults, gates_of
from specship.specs.project import find_configuration, survey_spec
from specship.specs.reader import SpecFolder
from specship.specs.waivers import survey_waivers, waiver_faults
from specship.suite.plan.commands import setting_faults, with_commands
from specship.suite.plan.gate_facts import ContractFacts, Kept, gate_facts
from specship.suite.plan.vocabulary import known_names

Rests = dict[str, list[Any]]
"""What the overrides of profiles rest on: probe and quantities of each gate that one changes, by gate."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What a contract is checked against."""

    root: Path
    folder: Path
    """Of contracts, without links."""
    known: Known
    models: Mapping[str, str]
    """The model of each criterion."""
    devices: Mapping[str, str]
    """The device that a profile asks for instead of the contract, by gate."""
    overridden: frozenset[str]
    """Gates of which some profile asks for something else."""


def read_all(found: ProjectFiles, profile: str | None) -> Kept | None:
    """Spec, profiles and every contract; None where spec or profiles have a fault.

    Raises:
        SpecshipError: a contract has a fault, or a file cannot be used.
        OSError: a file cannot be read.
    """
    configured = find_configuration(found.root)
    if configured is None:
        return None
    root, configuration = configured
    spec, faults = survey_spec(root, configuration)
    name = profile or configuration.profile
    if spec is None or faults or name not in spec.profiles:
        return None
    overrides = spec.profiles[name].overrides
    around = _Around(
        root,
        (root / configuration.contracts).resolve(),
        with_commands(known_names(root, configuration), spec.profiles.values()),
        {criterion.id: model.id for model in spec.spec.models for criterion in model.criteria},
        {gate: own.requires.device or "" for gate, own in overrides.items() if own.requires},
        frozenset(gate for own in spec.profiles.values() for gate in own.overrides),
    )
    contracts, rests = _read(around, found.contracts)
    waivers, faults = survey_waivers((root / configuration.waivers).resolve(), root=root)
    gates = {facts.id: facts for own in contracts.values() for facts in own.gates}
    if faults or any(waiver_faults(waivers, gates)) or _overrides_at_fault(spec, around.known, rests):
        return None
    return Kept(_as_json(around, rests) | {"waived": [file.waiver.gate for file in waivers]}, contracts)


def read_changed(
    found: ProjectFiles, around: Mapping[str, Any], unchanged: Mapping[str, ContractFacts]
) -> Kept | None:
    """The unchanged contracts, and the others read anew.

    None where what was kept has another shape, or where an override no longer rests on what it did, so
    that the profiles must be checked again.

    Raises:
        SpecshipError: a contract has a fault.
        OSError: a file cannot be read.
    """
    try:
        checked = _from_json(found.root, around)
        before, waived = dict(around["overridden"]), set(around["waived"])
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    contracts, rests = _read(checked, [name for name in found.contracts if name not in unchanged])
    there = {facts.id for own in unchanged.values() for facts in own.gates}
    now = there | {facts.id for own in contracts.values() for facts in own.gates}
    if not waived <= now:
        return None
    if any(rests.get(gate, own if gate in there else None) != own for gate, own in before.items()):
        return None
    return Kept(dict(around), {**unchanged, **contracts})


def _read(around: _Around, names: Iterable[str]) -> tuple[dict[str, ContractFacts], Rests]:
    """Facts of contracts by name, and what overrides rest on in them.

    Raises:
        UnusableInput: a contract has a fault.
    """
    contracts: dict[str, ContractFacts] = {}
    rests: Rests = {}
    for name in names:
        path = around.folder / name.rpartition("/")[2]
        document = read_document(path, root=around.root)
        file, faults = contract_of(document, file_name=path.name)
        faults += contract_faults(document, around.known, around.models)
        if file is None or faults:
            raise UnreadableDocument(faults)
        digest = bytes_digest(document.text.encode())  # of what was read, whatever lies there by now
        contracts[name] = ContractFacts(
            digest, document.path, gate_facts(file, around.models, around.devices)
        )
        rests |= _rests(document, around.overridden) if around.overridden else {}
    return contracts, rests


def _rests(document: Document, overridden: frozenset[str]) -> Rests:
    return {
        gate["id"]: [gate.get("probe"), sorted(gate.get("expect") or ())]
        for gate in gates_of(document)
        if gate["id"] in overridden
    }


def _overrides_at_fault(spec: SpecFolder, known: Known, rests: Rests) -> bool:
    gates = {
        gate: {"probe": probe, "expect": dict.fromkeys(quantities)}
        for gate, (probe, quantities) in rests.items()
    }
    return any(
        any(setting_faults(profile, spec.profile_documents[name], known, gates))
        for name, profile in spec.profiles.items()
    )


def _as_json(around: _Around, rests: Rests) -> dict[str, Any]:
    """As plain values; the settings of stages are left out, which no contract names."""
    known = around.known
    return {
        "folder": str(around.folder),
        "models": around.models,
        "devices": around.devices,
        "overridden": rests,
        "probes": {name: [dict(own.units), own.artifacts] for name, own in known.probes.items()},
        "stages": sorted(known.stages),
        "faults": sorted(known.faults),
    }


def _from_json(root: Path, around: Mapping[str, Any]) -> _Around:
    """The same from plain values.

    Raises:
        TypeError, ValueError, KeyError, AttributeError: they have another shape.
    """
    probes = {
        name: ProbeFacts(name, _texts_by_text(units), tuple(made))
        for name, (units, made) in around["probes"].items()
    }
    return _Around(
        root,
        Path(around["folder"]),
        Known(probes, frozenset(around["stages"]), {}, frozenset(around["faults"])),
        _texts_by_text(around["models"]),
        _texts_by_text(around["devices"]),
        frozenset(around["overridden"]),
    )


def _texts_by_text(values: Any) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise TypeError(type(values))
    return dict(values)
