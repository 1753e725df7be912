"""Verdicts and statuses in colours, and nothing else."""

from specship.contracts.judging import Verdict
from specship.report.verdict_colours import COLOURS, painted
from specship.status.report import Standing


def test_a_verdict_is_painted_where_it_stands_alone() -> None:
    assert (
        painted("2 qa FAIL: it PASSes, GATE-PASS-001") == "2 qa \x1b[31mFAIL\x1b[0m: it PASSes, GATE-PASS-001"
    )
    assert painted("nothing to see") == "nothing to see"


def test_every_verdict_and_status_has_a_colour() -> None:
    assert {*Verdict, *Standing} == COLOURS.keys()
