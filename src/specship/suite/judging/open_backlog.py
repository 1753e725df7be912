"""The backlog of a project: its criteria, ledger and artifacts, as `status` ranks them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from specship.errors import DamagedArtifact
from specship.evidence.ledger import Ledger, read_ledger
from specship.specs.advice import advice
from specship.specs.project import Project
from specship.status.backlog import backlog
from specship.status.backlog_records import Backlog, Cost, Hours
from specship.suite.artifacts.store import Store
from specship.suite.judging.report_building import report_models
from specship.suite.judging.trust import all_keys
from specship.suite.plan.plan import Check, Plan, make_plan
from specship.suite.plan.upstream import stages_behind


def open_backlog(project: Project, profile: str | None = None, budget: Hours | None = None) -> Backlog:
    """Open criteria and recommendations at a profile: the asked one, else a release, else the project's.

    Raises:
        UnusableInput: there is no such profile, or a name in a contract or profile binds to nothing.
    """
    release = next((name for name, one in project.spec.profiles.items() if one.kind == "release"), None)
    plan = make_plan(project, profile or release)
    ledger = read_ledger(project.ledger_folders, keys=all_keys(project))
    measured = measured_gpu_hours(plan, ledger)
    return backlog(
        project.spec.spec.models,
        report_models(plan, ledger, []),
        ledger,
        {name: _cost(plan, name, measured) for name in project.spec.criteria},
        measured=measured,
        advice=advice(project.spec.history).values(),
        budget=budget,
    )


def _cost(plan: Plan, name: str, measured: Mapping[str, float]) -> Cost:
    """Hours of the device as they were measured, where they were; all others are the spec's estimate."""
    effort = plan.project.spec.criteria[name].effort
    gpu_hours = measured.get(name, effort.gpu_hours)
    return Cost(hours=Hours(gpu_hours=gpu_hours, person_hours=effort.person_hours), measured=name in measured)


def measured_gpu_hours(plan: Plan, ledger: Ledger) -> dict[str, float]:
    """Wall time that each criterion took at this profile, in hours: its measurements, and the stages before.

    Only where all of it is known: each blocking gate has a statement, and each artifact behind it lies here.
    """
    seconds = {
        entry.evidence.gate: entry.evidence.seconds
        for entry in ledger.statements
        if entry.evidence.profile == plan.profile.profile
    }
    stages = functools.cache(functools.partial(_stage_seconds, plan))
    found = {}
    for name in plan.project.spec.criteria:
        checks = [check for check in plan.checks if name in check.gate.binds_to and check.gate.ship_blocking]
        if not checks or not all(check.gate.id in seconds for check in checks):
            continue
        behind = {
            (owner, stage.makes)
            for check in checks
            for owner, stage in stages_behind(plan.profile, check.model.id, _artifacts(check))
        }
        spent = [stages(owner, artifact) for owner, artifact in sorted(behind)]
        known = [one for one in spent if one is not None]
        if len(known) == len(spent):
            found[name] = (sum(seconds[check.gate.id] for check in checks) + sum(known)) / 3600
    return found


def _artifacts(check: Check) -> tuple[str, ...]:
    return check.probe.artifacts if check.probe else ()


def _stage_seconds(plan: Plan, model: str, artifact: str) -> float | None:
    """Wall time of the stage that made an artifact; None where it is not here as it was made."""
    try:
        record = Store.of(plan.project.state, model, plan.profile).current(artifact)
    except DamagedArtifact:
        return None
    return record.seconds if record else None
