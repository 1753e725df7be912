"""What audits found, held against the evidence of today: a word closes nothing."""

from typing import Any

import pytest

from specship.amend.audits import AuditStanding, audit_problems, audit_standings
from specship.contracts.document import Document
from specship.specs.records import Amendment
from specship.specs.version import fold, text_of
from specship.status.report import CriterionReport, GateReport, ModelReport, Standing

DIGEST = "a" * 64


def gate(name: str = "GATE-A-001", **changes: Any) -> GateReport:
    facts = {"id": name, "contract": "c.yaml", "rule": "r", "blocking": True, "verdict": "PASS", "reason": "r",
             "armed": True, "fresh": True, "checked": "1", "evidence": DIGEST}  # fmt: skip
    return GateReport.model_validate(facts | changes)


def standing(last: dict[str, Any] | None, *gates: GateReport, binds: tuple[str, ...] = ()) -> AuditStanding:
    """The one finding of an audit, taken in by the first amendment and spoken of by the second."""
    origin = {"audit": "audit.md", "sha256": "0" * 64, "place": "line 3"}
    first = {"id": "REC-1", "what": "Do it.", "state": "OPEN", "binds_to": binds, "origin": origin}
    spoken = [(first,), ({"id": "REC-1", "what": "Do it.", **last},) if last else ()]
    entries = {
        f"{n}.yaml": (
            Amendment.model_validate({
                "bump": "minor", "after": text_of((0, n, 0)), "why": "w", "changes": ({"id": "X", "what": "y"},),
                "recommendations": recommendations,
            }),
            Document("x", {}, "after: 0.0.0\n"),
        )
        for n, recommendations in enumerate(spoken)
    }  # fmt: skip
    criterion = CriterionReport(
        id="AC-A-001", statement="s", status=Standing.OPEN, weight=100, reasons=(), gates=gates
    )
    model = ModelReport(
        model="M",
        profile="rehearsal",
        kind="rehearsal",
        ship_percent=0,
        ceiling_percent=0,
        criteria=(criterion,),
    )
    (found,) = audit_standings(fold(entries), [model])
    return found


def test_open_stays_open_whatever_passes() -> None:
    found = standing(None, gate(), binds=("GATE-A-001",))

    assert (found.stated, found.state, found.by, found.problem) == ("OPEN", "OPEN", (), "")


@pytest.mark.parametrize(
    ("binds", "pointer"),
    [
        (("GATE-A-001",), "whatever"),
        (("AC-A-001",), "whatever"),
        ((), f"sha256:{DIGEST}"),
        ((), DIGEST[:12]),
        ((), "GATE-A-001"),
    ],
)
def test_resolved_by_statements_that_pass_today(binds: tuple[str, ...], pointer: str) -> None:
    found = standing({"state": "RESOLVED", "pointer": pointer}, gate(), binds=binds)

    assert (found.state, found.by, found.problem) == ("RESOLVED", (DIGEST,), "")
    assert found.stated_in == "1.yaml"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"verdict": "FAIL", "reason": "too high"}, "GATE-A-001 is FAIL: too high"),
        ({"verdict": None}, "without evidence"),
        ({"fresh": False}, "stale evidence"),
        ({"armed": False, "unarmed": "it was never seen to fail"}, "not armed"),
    ],
)
def test_resolved_without_evidence_is_a_problem_and_open(changes: dict[str, Any], said: str) -> None:
    last = {"state": "RESOLVED", "pointer": "GATE-A-001"}
    for binds in (("GATE-A-001",), ("AC-A-001",), ()):
        found = standing(last, gate(**changes), gate("GATE-A-002"), binds=binds)
        assert (found.stated, found.state, found.by) == ("RESOLVED", "OPEN", ())
        assert said in found.problem
        assert "1.yaml: REC-1 is stated RESOLVED, and is not" in audit_problems([found])[0]


@pytest.mark.parametrize("pointer", ["b" * 12, "we fixed it", "GATE-A-009"])
def test_resolved_by_nothing_that_is_there(pointer: str) -> None:
    assert (
        "names no statement of today" in standing({"state": "RESOLVED", "pointer": pointer}, gate()).problem
    )


def test_bound_to_what_nobody_measures() -> None:
    found = standing({"state": "RESOLVED", "pointer": "x"}, binds=("AC-A-001",))

    assert found.problem == "it is bound to AC-A-001, for which no gate speaks"


def test_superseded_by_an_amendment_that_is_there() -> None:
    there = standing({"state": "SUPERSEDED", "pointer": "1.yaml"}, gate())
    assert (there.state, there.by) == ("SUPERSEDED", ("1.yaml",))

    for pointer in ("7.yaml", "0.yaml"):  # one that is not there, and the one that took it in
        gone = standing({"state": "SUPERSEDED", "pointer": pointer}, gate())
        assert (gone.state, gone.problem) == ("OPEN", f"no amendment is called '{pointer}'")
