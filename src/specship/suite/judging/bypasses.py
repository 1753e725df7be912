"""Checks that were relaxed while artifacts were made, as the runs among them wrote it down."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact
from specship.strict_json import read_json
from specship.suite.artifacts.store import Store
from specship.suite.plan.plan import Check, Plan
from specship.suite.plan.upstream import stages_behind

_RUN: Final = "run.json"


def recorded_bypasses(plan: Plan, check: Check) -> dict[str, str]:
    """Name and reason of each bypass behind what a gate measures: of its artifacts and what made them.

    Raises:
        DamagedArtifact: a run says of its bypasses what nobody can read.
    """
    found: dict[str, str] = {}
    artifacts = check.probe.artifacts if check.probe else ()
    for owner, stage in stages_behind(plan.profile, check.model.id, artifacts):
        store = Store.of(plan.project.state, owner, plan.profile)
        record = store.current(stage.makes)
        if record is not None and any(file.name == _RUN for file in record.files):
            found |= bypasses_of(store.path(stage.makes, record.ingredients.key) / _RUN)
    return dict(sorted(found.items()))


def bypasses_of(run: Path) -> dict[str, str]:
    """What a `run.json` says of checks that were relaxed.

    Raises:
        DamagedArtifact: it is no list of names and reasons.
    """
    record = read_json(run)
    told = record.get("bypasses", []) if isinstance(record, dict) else None
    if not isinstance(told, list) or not all(isinstance(one, dict) and "name" in one for one in told):
        raise DamagedArtifact(
            "`bypasses` is no list of names and reasons", at=run, mend="run the training stage again"
        )
    return {str(one["name"]): str(one.get("reason", "")) for one in told}
