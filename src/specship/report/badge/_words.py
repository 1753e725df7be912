"""What every badge says: model and profile, the percentage that status gives, and the day it was computed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from specship.report.formatting import percent
from specship.status.report import ModelReport, Report, Standing


class BadgeWords(NamedTuple):
    """Both halves, and the colour."""

    label: str
    message: str
    colour: str
    """A name of shields.io."""


def badge_words(report: Report) -> BadgeWords:
    """Of the one model that a report was cut down to.

    A rehearsal is never green: it ships nothing. Neither is a report with problems.
    """
    model = report.models[0]
    message = f"{percent(model.ship_percent)} on {datetime.now(UTC):%Y-%m-%d}"
    return BadgeWords(
        f"{model.model} {model.profile}", message, _colour(model, troubled=bool(report.problems))
    )


def _colour(model: ModelReport, *, troubled: bool) -> str:
    failed = any(one.status == Standing.FAILED for one in model.criteria)
    if troubled or failed:
        return "red"
    if model.kind != "release":
        return "blue"
    return "brightgreen" if model.ship_percent == 100 else "orange" if model.ship_percent else "lightgrey"
