"""The artifacts that a report rests on: what made them, from what, how long it took, where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specship.evidence.entry import LedgerEntry
from specship.evidence.ledger import Ledger
from specship.evidence.made_artifact import MadeArtifact
from specship.specs.project import Project
from specship.status.exhibits import StageNode
from specship.status.report import Report


def stage_nodes(project: Project, report: Report, ledger: Ledger) -> Iterator[StageNode]:
    """The newest artifact of each kind of every model and profile of the report, sources first."""
    wanted = {(model.model, model.profile) for model in report.models}
    newest: dict[tuple[str, str, str], LedgerEntry[MadeArtifact]] = {}
    for entry in ledger.artifacts:
        one = entry.record
        if (one.model, one.profile) in wanted and not one.artifact.ingredients.fault:
            newest[one.model, one.profile, one.makes] = entry
    nodes = [_node(project.state, project.root, entry) for entry in newest.values()]
    yield from sorted(nodes, key=lambda node: (node.profile, node.finished, node.makes))


def _node(state: Path, root: Path, entry: LedgerEntry[MadeArtifact]) -> StageNode:
    one, made = entry.record, entry.record.artifact
    folder = state / "artifacts" / one.model / one.profile / one.makes / made.ingredients.key
    return StageNode(
        model=one.model, profile=one.profile, makes=one.makes, stage=one.stage, digest=made.digest,
        inputs=dict(made.ingredients.inputs), seconds=made.seconds, finished=made.finished,
        files=len(made.files), bytes=sum(file.bytes for file in made.files),
        path=str(folder.relative_to(root)) if folder.is_dir() else "",
        statement=entry.digest, signed=bool(entry.signers),
    )  # fmt: skip
