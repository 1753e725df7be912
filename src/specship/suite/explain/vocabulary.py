"""What a probe may take and give: artifacts with what lies in them here, and units with their range."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact
from specship.evidence.artifact_record import ArtifactRecord
from specship.pipeline.registry import STAGES, all_stages, maker_of
from specship.probes.probe import Probe
from specship.specs.records import Profile
from specship.strict_json import open_regular
from specship.suite.artifacts.store import Store
from specship.units import KNOWN_UNITS, Unit

_LOOKED_AT: Final = 65536
"""Bytes of a file of JSON whose keys are told."""
_MOST_FILES: Final = 12
_MOST_KEYS: Final = 16
_COUNTS: Final = "any other plural noun in small letters, such as prompts: how many there are, 0 or more"
_MEANINGS: Final[Mapping[str, str]] = {
    "nats/token": "cross entropy, natural logarithm, a token; other tokenizers, other figures",
    "bits/token": "the same to base 2",
    "nats": "a log-probability, or a difference of two",
    "bits/byte": "cross entropy to base 2 a byte of text, which crosses tokenizers",
    "text": "a word, or yes and no; judged by equals, one_of and matches",
    "fraction": "a share",
    "ratio": "one figure over another",
    "difference": "one figure less another, of either sign",
}


def unit_names(probes: Mapping[str, Probe]) -> dict[str, str]:
    """Every unit with what it can hold, and those that these probes declare with what they measure."""
    named = {unit.name: _holds(unit) for unit in KNOWN_UNITS.values()}
    own = {
        unit: f"{said}; declared beside {probe.name}"
        for probe in probes.values()
        for unit, said in probe.own_units.items()
    }
    return {**named, "…s": _COUNTS, **own}


def _holds(unit: Unit) -> str:
    low, high = (f"{end:g}" for end in (unit.lowest, unit.highest))
    span = {"-inf": "any number", "0": "0 or more"}[low] if high == "inf" else f"{low} to {high}"
    return "; ".join(filter(None, (_MEANINGS.get(unit.name, ""), "" if unit.name == "text" else span)))


def artifact_names(state: Path, profile: Profile) -> dict[str, str]:
    """Every artifact that a stage makes: what it is, and what lies in the newest one here.

    `state` is the project's folder of what is made.
    """
    made = {stage.makes for stage in all_stages().values()}
    return {name: "; ".join(_about(name, state, profile)) for name in sorted(made)}


def _about(artifact: str, state: Path, profile: Profile) -> list[str]:
    for model, sections in profile.pipeline.items():
        store = Store.of(state, model, profile)
        try:
            key = store.current_key(artifact)
            record = store.record(artifact, key) if key else None
        except (DamagedArtifact, KeyError):
            continue
        if key and record is not None:
            said = _first_line(maker_of(artifact, sections).name)
            return [said, *_files(store.path(artifact, key), record)]
    return [_first_line(artifact), "none was made here yet"]


def _first_line(stage: str) -> str:
    """What a stage says of itself, without its name."""
    if stage not in STAGES.names:
        return "made by this project"
    said = STAGES.first_line(stage, '"""').strip().strip('"').rstrip(".")
    return said.partition(": ")[2] or said


def _files(folder: Path, record: ArtifactRecord) -> list[str]:
    """The files of an artifact, those of JSON with the keys of their first record."""
    files = [file.name for file in record.files]
    told = [f"{path}{_keys(folder / path)}" for path in files[:_MOST_FILES]]
    return told + ([f"and {len(files) - _MOST_FILES} more files"] if len(files) > _MOST_FILES else [])


def _keys(path: Path) -> str:
    if path.suffix not in {".json", ".jsonl"}:
        return ""
    try:
        with open_regular(path) as (file, _):
            data = file.read(_LOOKED_AT)
        first: Any = json.loads(data.partition(b"\n")[0] if path.suffix == ".jsonl" else data)
    except (DamagedArtifact, ValueError, RecursionError):
        return ""
    if not isinstance(first, dict):
        return ""
    more = ", …" if len(first) > _MOST_KEYS else ""
    return f" {{{', '.join(str(key)[:40] for key in list(first)[:_MOST_KEYS])}{more}}}"
