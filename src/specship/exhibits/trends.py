"""How figures went: quantities over the ledger, and the ship-% over commits that changed what it rests on."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from specship.contracts.records import Frozen
from specship.errors import UnknownName, did_you_mean
from specship.evidence.ledger import read_ledger
from specship.evidence.repository import Repository, open_repository
from specship.exhibits.histories import by_gate, gates_of, histories
from specship.review.ranges import place_of
from specship.review.records import ShipPercent
from specship.review.reviewing import review
from specship.specs.project import Project
from specship.status.exhibits import QuantityHistory
from specship.status.report import ModelReport, Report
from specship.suite.judging.trust import all_keys

MOST_POINTS: Final = 2_000
"""Of one quantity, where nothing but its history is asked for."""


class CommittedPercent(Frozen):
    """The ship-% of a model at a profile, as one commit's evidence gives it."""

    model: str
    profile: str
    commit: str
    when: str
    """Of the commit, ISO 8601."""
    percent: float


class Trend(Frozen):
    """What is asked of the past."""

    spec: str
    version: str
    asked: str
    """The criterion, gate or quantity; empty for all."""
    histories: tuple[QuantityHistory, ...]
    percents: tuple[CommittedPercent, ...] = ()
    """Oldest first; empty where a name was asked for, or nothing is in git."""


def trend(
    project: Project, report: Report, asked: str = "", *, model: str = "", profile: str = "", commits: int = 0
) -> Trend:
    """The history of what a name stands for, and of the ship-% over so many commits.

    Raises:
        UnknownName: no criterion, gate or quantity of the report is called so.
    """
    shown = tuple(one for one in report.models if _is_of(one, model, profile))
    wanted = report.model_copy(update={"models": shown})
    ledger = read_ledger(project.ledger_folders, keys=all_keys(project))
    names = _names(wanted, asked)
    found = tuple(
        one
        for one in histories(wanted, by_gate(ledger), most=MOST_POINTS)
        if names is None or one.gate in names or one.quantity in names
    )
    return Trend(
        spec=report.spec,
        version=report.version,
        asked=asked,
        histories=found,
        percents=() if asked or not commits else tuple(_percents(project, commits, model, profile)),
    )


def _names(report: Report, asked: str) -> frozenset[str] | None:
    """Gates and quantities that a name stands for; None for all."""
    if not asked:
        return None
    criteria = {one.id: one for model in report.models for one in model.criteria}
    if asked in criteria:
        return frozenset(
            gate.id
            for model in report.models
            for one in model.criteria
            if one.id == asked
            for gate in one.gates
        )
    gates = dict(gates_of(report)).values()
    known = {*(gate.id for gate in gates), *(one.quantity for gate in gates for one in gate.measured)}
    if asked not in known:
        raise UnknownName(
            f"no criterion, gate or measured quantity is called {asked!r:.80}",
            mend=did_you_mean(asked, {*known, *criteria}) or "see the names: specship trace",
        )
    return frozenset({asked})


def _is_of(one: ModelReport | ShipPercent, model: str, profile: str) -> bool:
    """Whether it is what was asked for; what was not asked is everything."""
    return (not model or one.model == model) and (not profile or one.profile == profile)


def _percents(project: Project, commits: int, model: str, profile: str) -> Iterator[CommittedPercent]:
    with open_repository(project.root) as repository:
        chosen = _changing(repository, project)[-commits:]
    for number, ((before, began), (after, moment)) in enumerate(
        itertools.pairwise(chosen if len(chosen) != 1 else chosen * 2)
    ):
        for one in review(project.root, f"{before}..{after}").ship_percent:
            if _is_of(one, model, profile):
                if number == 0 and one.before is not None and before != after:
                    yield _committed(one, before, began, one.before)
                if one.after is not None:
                    yield _committed(one, after, moment, one.after)


def _committed(one: ShipPercent, commit: str, moment: int, percent: float) -> CommittedPercent:
    when = datetime.fromtimestamp(moment, UTC).isoformat()
    return CommittedPercent(model=one.model, profile=one.profile, commit=commit, when=when, percent=percent)


def _changing(repository: Repository, project: Project) -> list[tuple[str, int]]:
    """Commits that added evidence or an amendment, oldest first, with their moments."""
    place = place_of(repository, project.root)
    folders = ("evidence", posixpath.join(project.configuration.spec, "amendments"))
    found = {
        commit
        for folder in folders
        for commit, _ in repository.added(posixpath.normpath(posixpath.join(place, folder)))
    }
    return [(commit, seconds) for commit, _, seconds in repository.commits() if commit in found]
