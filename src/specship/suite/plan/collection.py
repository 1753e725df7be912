"""What a test session must know of each gate before any of them runs: its name, line and marks.

It is recalled from the last session while no input changed, so that collecting ten thousand gates
reads no YAML. Judging never asks here: it reads the project itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specship.result_cache import inputs_digest, project_files, recall, remember

if TYPE_CHECKING:
    from specship.suite.plan.plan import Plan


class GateFacts(NamedTuple):
    """One gate as a test item needs it."""

    id: str
    line: int
    stage: str
    model: str
    """Empty for a gate that speaks for no criterion: it can be read and counts nowhere."""
    cuda: bool


class Collection(NamedTuple):
    """The gates of a project by the path of their contract."""

    folder: Path
    gates: dict[str, list[GateFacts]]


def collection_key(start: Path, profile: str | None) -> str | None:
    """What the collection depends on; None where that cannot be told."""
    return inputs_digest(project_files(start), "collect", profile or "")


def recall_collection(path: Path, key: str | None) -> Collection | None:
    """The collection of an earlier session, if it was kept there under the same key."""
    kept = recall(path, key)
    try:
        gates = {path: [GateFacts(*facts) for facts in own] for path, own in kept["gates"].items()}
        return Collection(Path(kept["folder"]), gates)
    except (TypeError, KeyError, AttributeError):
        return None


def remember_collection(path: Path, key: str | None, collection: Collection) -> None:
    """Keep a collection for the next session; nothing happens where it cannot be kept."""
    remember(path, key, {"folder": str(collection.folder), "gates": collection.gates})


def collect(plan: Plan) -> Collection:
    """The gates of a plan, and those that speak for no criterion."""
    project = plan.project
    models = {criterion.id: model.id for model in project.spec.spec.models for criterion in model.criteria}
    overrides = plan.profile.overrides
    gates = {}
    for file in project.contracts:
        lines = file.document.item_lines["gates"]
        gates[file.path] = [
            GateFacts(
                gate.id,
                line,
                file.contract.stage,
                models[gate.binds_to[0]] if gate.binds_to else "",
                ((gate.id in overrides and overrides[gate.id].requires) or gate.requires).device == "cuda",
            )
            for gate, line in zip(file.contract.gates, lines, strict=True)
        ]
    return Collection((project.root / project.configuration.contracts).resolve(), gates)
