"""Writing every report of a session from one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from specship.exhibits.gathering import with_exhibits
from specship.files import write_file
from specship.report.formats import SHIP, TEXT, Display, endings, render
from specship.status.report import Report, StageReport
from specship.suite.judging.report_building import build_report
from specship.suite.judging.session import Session


def conclude(
    session: Session, *, stages: Iterable[Mapping[str, Any]], json_path: Path | None, display: Display
) -> tuple[Report, str]:
    """Compute the report, write it in every format that leaves a file, and return it with its terminal text.

    Raises:
        CannotWrite: a report could not be written.
    """
    seen = {
        (stage["model"], stage["stage"]): StageReport.model_validate(stage) for stage in _made_last(stages)
    }
    report = build_report(session.plan.project, session=session).model_copy(
        update={"stages": tuple(seen.values())}
    )
    full = with_exhibits(session.plan.project, report)
    path = json_path or session.plan.project.state / "report.json"
    others = []
    for ending, name in endings().items():
        file = path if name == "json" else path.with_suffix(ending)
        write_file(file, render(SHIP, name, full))
        others += [file.name] if file != path else []
    shown = display._replace(detailed=frozenset({session.plan.profile.profile}))
    return report, f"{render(SHIP, TEXT, report, shown)}reports: {' and '.join([str(path), *others])}\n"


def _made_last(stages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Stages in order, with those that ran after those found: of two workers one makes, one finds."""
    return sorted(stages, key=lambda stage: not stage["cached"])
