"""The one function: a report with everything behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from specship.evidence.committed import committed
from specship.evidence.ledger import AnyEntry, Ledger, names_in, packs_of, read_ledger
from specship.exhibits.comparisons import read_comparison
from specship.exhibits.curves import run_report
from specship.exhibits.histories import by_gate, histories, moved_gates
from specship.exhibits.movement import movement
from specship.exhibits.outcomes import outcome_grids
from specship.exhibits.stages import stage_nodes
from specship.specs.project import Project
from specship.status.exhibits import Exhibits, ForeignStatement
from specship.status.report import Report
from specship.suite.judging.trust import all_keys

MOST_ENTRIES: Final = 20_000
"""Files of a ledger that are read for a page: more take longer than the rest of a session."""
MOST_FOREIGN: Final = 200


def with_exhibits(project: Project, report: Report, *, comparisons: Iterable[Path] = ()) -> Report:
    """The report, with histories, curves, stages, outcomes and what moved; no verdict changes.

    Raises:
        DamagedArtifact: a file of `comparisons` is none. Whatever else cannot be read is said on the page.
    """
    return report.model_copy(
        update={"exhibits": gathered_exhibits(project, report, tuple(map(read_comparison, comparisons)))}
    )


def gathered_exhibits(project: Project, report: Report, comparisons: tuple[Any, ...] = ()) -> Exhibits:
    """What lies behind a report."""
    state = committed(project.root, (path for path in project.reads if path.exists()))
    files = sum(1 for folder in project.ledger_folders for _ in names_in(folder))
    packed = any(packs_of(folder) for folder in project.ledger_folders)
    left_out: tuple[str, ...] = ()
    ledger: Ledger | None = None
    if files > MOST_ENTRIES or packed:
        what = "packs" if packed else f"{files} files"
        left_out = (f"histories and stages: the ledger has {what}; `specship trend` reads it whole",)
    else:
        ledger = read_ledger(project.ledger_folders, keys=all_keys(project))
    found: dict[str, Any] = {} if ledger is None else _of_ledger(project, report, ledger)
    moved = movement(project)
    if ledger is not None:
        moved = moved.model_copy(update={"gates": tuple(moved_gates(report, by_gate(ledger)))})
    return Exhibits(
        made=datetime.now(UTC).isoformat(),
        commit=state.commit,
        dirty=not state.commit or bool(state.differs),
        movement=moved,
        comparisons=comparisons,
        left_out=left_out,
        **found,
    )


def _of_ledger(project: Project, report: Report, ledger: Ledger) -> dict[str, Any]:
    nodes = tuple(stage_nodes(project, report, ledger))
    here = [node for node in nodes if node.path]
    runs = (
        run_report(
            project.root / node.path,
            model=node.model,
            profile=node.profile,
            path=node.path,
            artifact=node.digest,
        )
        for node in here
        if node.makes == "run"
    )
    return {
        "entries": len(ledger.entries),
        "histories": tuple(histories(report, by_gate(ledger))),
        "stages": nodes,
        "runs": tuple(runs),
        "outcomes": tuple(
            grid for node in here if node.makes == "humaneval" for grid in outcome_grids(project.root, node)
        ),
        "foreign": tuple(_foreign(ledger))[:MOST_FOREIGN],
        "statements": dict(_statements(project, report)),
    }


def _statements(project: Project, report: Report) -> Iterator[tuple[str, str]]:
    """Where the statements lie that the report rests on."""
    for model in report.models:
        for criterion in model.criteria:
            for gate in criterion.gates:
                places = [folder / f"{gate.evidence}.json" for folder in project.ledger_folders]
                if gate.evidence and (path := next(filter(Path.is_file, places), None)):
                    yield gate.evidence, str(path.relative_to(project.root))


def _foreign(ledger: Ledger) -> Iterator[ForeignStatement]:
    """Entries that no key known here signed."""
    for entry in ledger.entries:
        if not entry.signers:
            yield ForeignStatement(
                digest=entry.digest,
                kind=type(entry.record).__name__,
                about=_about(entry),
                moment=entry.record.moment.isoformat(),
            )


def _about(entry: AnyEntry) -> str:
    names = ("gate", "makes", "model", "profile")
    found = (getattr(entry.record, name, "") for name in names)
    return " ".join(filter(None, map(str, found)))
