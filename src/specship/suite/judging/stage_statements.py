"""Signing what stages made: the judge's word for the manifests of the artifacts that it hashed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from specship.errors import DamagedArtifact, UnusableInput
from specship.evidence.artifact_record import ArtifactRecord
from specship.evidence.entry import LedgerEntry
from specship.evidence.environment import environment
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.made_artifact import MadeArtifact
from specship.pipeline.stage import Stage
from specship.suite.artifacts.ingredients import versions
from specship.suite.artifacts.store import Store
from specship.suite.plan.plan import Plan
from specship.suite.plan.upstream import stages_behind


def sign_stages(plan: Plan, ledger: LedgerWriter, model: str, artifacts: Iterable[str]) -> None:
    """Write a stage statement for these artifacts of a model and for all that they were made from.

    What was signed with this key before is not signed again.

    Raises:
        DamagedArtifact: a manifest names other packages or files than this machine has, or a planted fault.
        CannotWrite: the disk is full or refuses.
    """
    profile, project = plan.profile, plan.project
    known = ledger.seen
    for owner, stage in reversed(list(stages_behind(profile, model, artifacts))):
        store = Store.of(plan.project.state, owner, profile)
        record = store.current(stage.makes)
        if record is None or _signed(known.made_as(owner, profile.profile, stage.makes), record):
            continue
        _check(plan, owner, stage, record)
        made = MadeArtifact(
            model=owner,
            profile=profile.profile,
            makes=stage.makes,
            stage=stage.name,
            artifact=record,
            environment=environment(project.root, project.reads, project.configuration.inherit),
            signed=datetime.now(UTC),
        )
        with contextlib.suppress(UnusableInput):  # of so many files that nobody would read it
            ledger.append(made)


def _signed(entries: Sequence[LedgerEntry[MadeArtifact]], record: ArtifactRecord) -> bool:
    wanted = record.digest, record.ingredients.key
    found = ((entry.record.artifact, entry) for entry in reversed(entries))
    return any((made.digest, made.ingredients.key) == wanted and bool(entry.signers) for made, entry in found)


def _unseen(stage: Stage, record: ArtifactRecord) -> dict[str, str]:
    """Variables that reached the stage and do not reach who judges: they stay as they were recorded."""
    names = {f"${name}" for name in stage.variables}
    return {name: text for name, text in record.ingredients.packages.items() if name in names}


def _check(plan: Plan, owner: str, stage: Stage, record: ArtifactRecord) -> None:
    settings = stage.counted(plan.profile.settings_of(owner))
    expected = record.ingredients.model_copy(
        update={
            "packages": {**_unseen(stage, record), **versions(stage)},
            "outside": stage.outside(settings, plan.project.root) if stage.outside else "",
            "fault": "",
        }
    )
    if expected.key != record.ingredients.key:
        raise DamagedArtifact(
            f"the manifest of {stage.makes} does not say how it was made here",
            at=Store.of(plan.project.state, owner, plan.profile).path(stage.makes, record.ingredients.key),
            why=expected.difference(record.ingredients),
            mend="run `pytest -m ship`, which makes it again",
        )
