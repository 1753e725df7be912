"""Two of a kind beside each other: commits, reports, runs or models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from specship.contracts.records import Frozen
from specship.errors import SpecshipError, UnusableInput
from specship.evidence.repository import open_repository
from specship.exhibits.curves import run_report
from specship.exhibits.histories import gates_of
from specship.garbage import undisturbed
from specship.pipeline.run_logs.opening import read_facts
from specship.records import checked
from specship.review.holdings import holdings_of
from specship.review.reviewing import compare
from specship.review.sides import ProjectSide
from specship.status.exhibits import ComparedPair, RunReport
from specship.status.report import GateReport, Measured, ModelReport, Report
from specship.strict_json import read_json

_OF_A_PROGRAM: Final = re.compile(r"(transformers|llama\.cpp):")
"""How a model is named that another program opens."""


class SideBySide(Frozen):
    """What stands on both sides; of the three kinds of content one is there."""

    kind: Literal["commits", "reports", "runs", "models"]
    a: str
    """What was asked for, as it was written."""
    b: str
    reports: tuple[Report, ...] = ()
    """Both, of commits and of reports."""
    changes: tuple[str, ...] = ()
    """Of demands between two commits, each in one sentence."""
    runs: tuple[RunReport, ...] = ()
    pair: ComparedPair | None = None


def beside(start: Path, a: str, b: str) -> SideBySide | None:
    """Both sides, by what they are; None where they are two models, which only the pipeline opens.

    Two JSON files are reports, two folders or logs of runs are runs, and what is no path is a revision.

    Raises:
        UnusableInput: one side is of another kind than the other, or nothing that is known.
    """
    kinds = [_kind(start / side) for side in (a, b)]
    if kinds[0] != kinds[1]:
        raise UnusableInput(
            f"{a!r:.80} is {kinds[0]} and {b!r:.80} is {kinds[1]}",
            why="only two of a kind can stand beside each other",
            mend="give two revisions, two report.json, two runs or two models",
        )
    if kinds[0] == "a revision":
        return _commits(start, a, b)
    if kinds[0] == "a report":
        return SideBySide(kind="reports", a=a, b=b, reports=(_report(start / a), _report(start / b)))
    if kinds[0] == "a run":
        runs = tuple(run_report(start / side, model="", profile="", path=side) for side in (a, b))
        return SideBySide(kind="runs", a=a, b=b, runs=runs)
    return None


def _kind(path: Path) -> str:
    if _OF_A_PROGRAM.match(path.name) or ".gguf" in path.suffixes:
        return "a model"
    if not path.exists():
        return "a revision"
    if path.suffix == ".json" and path.is_file() and path.name not in {"run.json", "trainer_state.json"}:
        return "a report"
    if (path / "config.json").is_file() and any(path.glob("*.safetensors*")):
        return "a model"
    try:
        read_facts(path, weights=False)
    except SpecshipError as error:
        raise UnusableInput(
            f"{error.message}: neither a run, a model nor a report", at=path,
            mend="give two revisions, two report.json, two runs or two models",
        ) from error  # fmt: skip
    return "a run"


def _report(path: Path) -> Report:
    value = read_json(path)
    mend = "give the report.json that `pytest -m ship` left, or `specship status --format json > FILE`"
    return checked(_LooseReport, value, path, what="no report of a session", mend=mend)


class _LooseReport(Report):
    model_config = {"strict": False, "extra": "ignore"}


def _commits(start: Path, a: str, b: str) -> SideBySide:
    with undisturbed(), open_repository(start) as repository:
        found, sides = compare(repository, start, f"{a}..{b}")
        one, other, _ = holdings_of(sides.base, sides.head, sides.base, sides.code, sides.contracts)
        reports = (
            _report_of(sides.base, one.reports(one).values(), sides.head),
            _report_of(sides.head, other.reports(other).values(), sides.base),
        )
    changes = tuple(f"{one.id} {one.direction}: {one.says}" for one in found.changes)
    return SideBySide(kind="commits", a=a, b=b, reports=reports, changes=changes)


def _report_of(side: ProjectSide, models: Iterable[ModelReport], other: ProjectSide) -> Report:
    spec = side.spec or other.spec
    return Report(
        spec=spec.spec.spec_id if spec else "",
        version=side.spec.version if side.spec else "none",
        models=tuple(models),
    )


class GateBeside(NamedTuple):
    """A gate on both sides; None where a side has it not."""

    model: str
    profile: str
    gate: str
    one: GateReport | None
    other: GateReport | None

    @property
    def differs(self) -> bool:
        """Whether verdict, freshness, arming or a figure is another."""
        return _told(self.one) != _told(self.other)

    def figures(self) -> Iterator[tuple[str, Measured | None, Measured | None]]:
        """Each quantity of either side."""
        sides = [
            {one.quantity: one for one in gate.measured} if gate else {} for gate in (self.one, self.other)
        ]
        for name in dict.fromkeys([*sides[0], *sides[1]]):
            yield name, sides[0].get(name), sides[1].get(name)


def _told(gate: GateReport | None) -> object:
    if gate is None:
        return None
    figures = [(one.quantity, one.value, one.limit) for one in gate.measured]
    return gate.verdict, gate.fresh, gate.armed, figures


def gates_beside(found: SideBySide) -> list[GateBeside]:
    """Every gate of two reports; those that differ first."""
    sides = [dict(gates_of(report)) for report in found.reports]
    keys = dict.fromkeys([*sides[0], *sides[1]])
    gates = [GateBeside(*key, sides[0].get(key), sides[1].get(key)) for key in keys]
    return sorted(gates, key=lambda gate: not gate.differs)


def models_beside(found: SideBySide) -> list[tuple[ModelReport | None, ModelReport | None]]:
    """Each model at each profile, on both sides."""
    sides = [{(one.model, one.profile): one for one in report.models} for report in found.reports]
    return [(sides[0].get(key), sides[1].get(key)) for key in dict.fromkeys([*sides[0], *sides[1]])]
