"""What a test session must know of each gate before any of them runs: its name, line and marks.

It is recalled contract by contract, so that collecting ten thousand gates reads only the YAML that
changed. Only what is sound is kept: where anything is at fault, or in doubt, nothing is answered here
and the whole project is read. Judging never asks here: it reads the project itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specship.result_cache import ProjectFiles, content_digest, inputs_digest, project_files, recall, remember
from specship.suite.plan.gate_facts import Collection, ContractFacts, GateFacts, Kept, gate_facts

if TYPE_CHECKING:
    from specship.suite.plan.plan import Plan

_TYPES: Final = (str, int, str, str, bool)
"""Of the facts of a gate."""


def gather_gates(start: Path, profile: str | None, kept: Path | None) -> Collection | None:
    """The gates of the project at or above a folder; None where anything in it is at fault or in doubt.

    `kept` is the file in which one session leaves for the next what it found.
    """
    found = project_files(start)
    if found is None or not found.contracts or _misplaced(found):
        return None
    key = _key(found, profile) if kept else None
    before = _from_json(recall(kept, key)) if kept else None
    unchanged = _unchanged(found, before)
    if before is not None and len(unchanged) == len(found.contracts) == len(before.contracts):
        return _collection(before)
    now = _read(found, profile, before, unchanged)
    collection = _collection(now) if now is not None else None
    if kept and collection is not None and key == _key(found, profile):  # nothing changed while it was read
        remember(kept, key, now)
    return collection


def _misplaced(found: ProjectFiles) -> bool:
    """Whether a file among the contracts would not be read as one, which is a fault."""
    own = set(found.contracts)
    start = f"{found.folder}/"
    return any(
        name not in own and name.startswith(start) and name.lower().endswith((".yaml", ".yml"))
        for name in found.files
    )


def _key(found: ProjectFiles, profile: str | None) -> str | None:
    """What every contract's facts depend on beside its own bytes; None where that cannot be told."""
    others = tuple(sorted(set(found.files).difference(found.contracts)))
    folder = os.path.realpath(found.root / found.folder)
    return inputs_digest(found._replace(files=others), "collect", profile or "", folder)


def _from_json(answer: Any) -> Kept | None:
    """What was kept, if it has the shape of it."""
    try:
        around, kept = answer
        contracts = {
            name: ContractFacts(digest, path, [GateFacts(*facts) for facts in gates])
            for name, (digest, path, gates) in kept.items()
        }
        sound = isinstance(around["folder"], str) and all(
            type(own.path) is str and all(tuple(map(type, facts)) == _TYPES for facts in own.gates)
            for own in contracts.values()
        )
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return Kept(around, contracts) if sound else None


def _unchanged(found: ProjectFiles, before: Kept | None) -> dict[str, ContractFacts]:
    """The contracts that have the bytes that they had."""
    kept = before.contracts if before is not None else {}
    return {
        name: kept[name]
        for name in found.contracts
        if name in kept and kept[name].digest and content_digest(f"{found.root}/{name}") == kept[name].digest
    }


def _read(
    found: ProjectFiles, profile: str | None, before: Kept | None, unchanged: Mapping[str, ContractFacts]
) -> Kept | None:
    """Every contract that is not unchanged read anew, beside those that are; None where one has a fault."""
    from specship.errors import SpecshipError
    from specship.suite.plan.contract_facts import read_all, read_changed

    try:
        now = read_changed(found, before.around, unchanged) if before is not None else None
        return now or read_all(found, profile)
    except (SpecshipError, OSError):
        return None


def _collection(kept: Kept) -> Collection | None:
    """The gates of all contracts; None where an id names two of them, or two files have one path."""
    gates = {facts.path: facts.gates for facts in kept.contracts.values()}
    names = [facts.id for own in gates.values() for facts in own]
    if len(set(names)) != len(names) or len(gates) != len(kept.contracts):
        return None
    return Collection(Path(kept.around["folder"]), gates)


def collect(plan: Plan) -> Collection:
    """The gates of a plan, and those that speak for no criterion."""
    project, overrides = plan.project, plan.profile.overrides
    models = {criterion.id: model.id for model in project.spec.spec.models for criterion in model.criteria}
    devices = {name: own.requires.device or "" for name, own in overrides.items() if own.requires}
    gates = {file.path: gate_facts(file, models, devices) for file in project.contracts}
    return Collection((project.root / project.configuration.contracts).resolve(), gates)
