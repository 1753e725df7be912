"""Writing every report of a session from one record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from specship.files import write_file, write_json
from specship.report import markdown, terminal
from specship.status.report import Report, StageReport
from specship.suite.judging.report_building import build_report
from specship.suite.judging.session import Session


def conclude(
    session: Session, *, stages: Iterable[Mapping[str, Any]], json_path: Path | None, width: int, colour: bool
) -> tuple[Report, str]:
    """Compute the report, write `report.json` and `report.md`, and return it with its terminal text.

    Raises:
        CannotWrite: a report could not be written.
    """
    seen = {
        (stage["model"], stage["stage"]): StageReport.model_validate(stage) for stage in _made_last(stages)
    }
    report = build_report(session.plan.project, session=session).model_copy(
        update={"stages": tuple(seen.values())}
    )
    path = json_path or session.plan.project.state / "report.json"
    write_json(path, report.model_dump(mode="json"))
    write_file(path.with_suffix(".md"), markdown.render(report))
    detailed = frozenset({session.plan.profile.profile})
    text = terminal.render(report, detailed=detailed, width=width, colour=colour)
    return report, f"{text}reports: {path} and {path.with_suffix('.md').name}\n"


def _made_last(stages: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Stages in order, with those that ran after those found: of two workers one makes, one finds."""
    return sorted(stages, key=lambda stage: not stage["cached"])
