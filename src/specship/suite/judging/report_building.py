"""What the ledger supports, as one report: every model at every profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from specship.evidence.ledger import Ledger, read_ledger
from specship.evidence.upkeep.indexed_ledger import Progress, untold
from specship.pipeline.received.receiving import unkept
from specship.specs.project import Project
from specship.specs.records import FALSIFICATION
from specship.status.assess import assess, ledger_problems
from specship.status.report import ModelReport, Report, StageReport
from specship.status.waiving import waiver_reports
from specship.suite.artifacts.runner import Made
from specship.suite.flip_rates.book import FlipRateBook
from specship.suite.judging.arming_book import ArmingBook
from specship.suite.judging.project_ledger import open_ledger
from specship.suite.judging.session import Session
from specship.suite.judging.today import today, todays_artifacts
from specship.suite.judging.trust import key_ring
from specship.suite.plan.plan import Plan, make_plan


def report_models(
    plan: Plan, ledger: Ledger, damage: list[str], session: Session | None = None
) -> tuple[ModelReport, ...]:
    """Every model at one profile, from the ledger; damaged artifacts are named in `damage`."""
    gates = []
    arming = session.arming if session else ArmingBook(plan.project)
    artifacts = todays_artifacts(plan, ledger)
    for check in plan.checks:
        missing = session.missing.get(check.gate.id, "") if session else ""
        failed = session.failed.get(check.gate.id, "") if session else ""
        gates.append(today(plan, check, artifacts, arming=arming, missing=missing, failed=failed))
    damage += artifacts.damage
    models = (
        assess(
            model, plan.profile, gates, ledger, session_began=session.began if session else datetime.now(UTC)
        )
        for model in plan.project.spec.spec.models
    )
    return FlipRateBook(plan.project, arming.ring).with_noise(models)


def stage_reports(made: Iterable[tuple[str, Mapping[str, Made]]], root: Path) -> tuple[StageReport, ...]:
    """The stages of a session, with the path of each artifact within the project."""
    return tuple(
        StageReport(
            stage=name,
            model=model,
            seconds=entry.record.seconds,
            cached=entry.cached,
            path=str(entry.path.relative_to(root)),
            why=entry.why,
        )
        for model, stages in made
        for name, entry in stages.items()
    )


def build_report(project: Project, *, session: Session | None = None, progress: Progress = untold) -> Report:
    """What the ledger supports: every model at every profile; the session's own profile first.

    Computed from evidence alone: no file has a field for a status or a percentage. Artifacts on the disk are
    hashed, nothing is measured. `progress` is told how many files of how many were read, where a large ledger
    is read for the first time.

    Units: `ship_percent` and `ceiling_percent` are percent of a model's weights, `seconds` wall time.
    Source: decisions 0003 and 0018 (when evidence is fresh, when a gate is armed).

    Raises:
        UnusableInput: a trusted key is none, or a name in a contract or profile binds to nothing.
    """
    ring = key_ring(project)
    ledger = open_ledger(project, ring.known, progress)
    known = len(ledger.damaged)
    models, damage = _models(project, ledger, session)
    if len(ledger.damaged) > known:  # a file that decides is damaged: then nothing counts, of all models
        ledger = read_ledger(project.ledger_folders, keys=ring.known)
        models, damage = _models(project, ledger, session)
    return Report(
        spec=project.spec.spec.spec_id,
        version=project.spec.version,
        models=models,
        waivers=waiver_reports(project.waivers, models),
        problems=(
            *ring.refused(),
            *ledger_problems(ledger),
            *dict.fromkeys(damage),
            *map(str, ArmingBook(project).damaged),
            *map(str, FlipRateBook(project, ring).damaged),
        ),
    )


def _models(
    project: Project, ledger: Ledger, session: Session | None
) -> tuple[tuple[ModelReport, ...], list[str]]:
    """Every model at every profile, and the artifacts that are damaged."""
    first = session.plan.profile.profile if session else project.profile().profile
    shown = (name for name, profile in project.spec.profiles.items() if profile.kind != FALSIFICATION)
    names = sorted({first, *shown}, key=lambda name: (name != first, name))
    models: list[ModelReport] = []
    damage: list[str] = []
    for name in names:
        own = session if session and session.plan.profile.profile == name else None
        models += report_models(own.plan if own else make_plan(project, name), ledger, damage, own)
    return tuple(models), [*damage, *broken_promises(project)]


def broken_promises(project: Project) -> tuple[str, ...]:
    """Received bytes of any profile that are not the promised ones: said even where no gate reads them."""
    sections = [
        settings for profile in project.spec.profiles.values() for settings in profile.pipeline.values()
    ]
    return tuple(dict.fromkeys(str(error) for one in sections for error in unkept(one, project.root)))
