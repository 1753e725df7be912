"""The end of a session for one project: its reports, their text, and the exit status they ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from specship.pytest_plugin.project import ShipProject

UNUSABLE: Final = 2
"""Exit status where something could not be measured or written."""


def conclusion(project: ShipProject, *, json_path: Path | None) -> tuple[str, int]:
    """Write the reports; 2 when something could not be measured, 1 when a wish was not met.

    Raises:
        SpecshipError: the project can no longer be read, or a report could not be written.
    """
    from specship.report.session_reports import conclude
    from specship.suite.judging.session import Session

    config, outcomes = project.config, project.outcomes
    live: Session | None = project.session()
    if live is None:
        return f"{project.error}\n", UNUSABLE
    for outcome in outcomes.values():
        live.missing.update({outcome["gate"]: outcome["missing"]} if outcome["missing"] else {})
        live.failed.update({outcome["gate"]: outcome["failed"]} if outcome["failed"] else {})
    terminal = config.pluginmanager.getplugin("terminalreporter")
    report, text = conclude(
        live,
        stages=[stage for outcome in outcomes.values() for stage in outcome["stages"]],
        json_path=json_path,
        width=_width(config),
        colour=bool(terminal and terminal.hasmarkup),
    )
    bound = {check.gate.id for check in live.plan.checks}
    unrun = len(bound - outcomes.keys())
    if unrun:
        text += f"{unrun} of {len(bound)} gates were not run in this session\n"
    if any(outcome["verdict"] == "ERROR" for outcome in outcomes.values()):
        return text, UNUSABLE
    strict = config.getoption("--ship-strict")
    floor = config.getoption("--ship-fail-under")
    judged = [
        model
        for model in report.models
        if model.profile == live.plan.profile.profile and live.plan.profile.settings_of(model.model)
    ]
    if not judged and floor is not None:
        text += f"profile {live.plan.profile.profile} runs no model, so none reaches {floor:g} %\n"
    low = [model for model in judged if floor is not None and model.ship_percent < floor]
    for model in low:
        text += f"{model.model}: ship {model.ship_percent:.4g} % is under {floor:g} %\n"
    return text, 1 if low or (strict and unrun) or (floor is not None and not judged) else 0


def _width(config: pytest.Config) -> int:
    """Columns of the report: those of the terminal or of `COLUMNS`; with -v those of the whole table."""
    from specship.report.formats import PLAIN

    terminal = config.pluginmanager.getplugin("terminalreporter")
    told = terminal is not None and (terminal.isatty or "COLUMNS" in os.environ)
    if not told or config.get_verbosity() > 0:
        return PLAIN.width
    return int(terminal._tw.fullwidth)  # noqa: SLF001 - what pytest itself goes by
