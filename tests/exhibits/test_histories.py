"""Histories of quantities: of statements that a known key signed, oldest first; and what moved between them."""

from datetime import timedelta
from typing import Any

import pytest

from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import Evidence
from specship.exhibits.histories import by_gate, histories, moved_gates, number
from specship.status.exhibits import GateMoved, QuantityHistory
from specship.status.report import CriterionReport, Measured, ModelReport, Report, Standing
from tests.evidence.statements import NOW, evidence, ledger_of
from tests.report.shown_reports import gate


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return local_key(tmp_path_factory.mktemp("key"))


def report(newest: str = "") -> Report:
    measured = Measured(quantity="loss", value=2.0, unit="nats/token", limit="≤ 2.2", most=2.2, holds=True)
    own = gate("GATE-A-001", "PASS", measured, evidence=newest)
    criterion = CriterionReport(
        id="AC-X-001", statement="", status=Standing.OPEN, weight=1, reasons=(), gates=(own,)
    )
    model = ModelReport(
        model="MODEL-1", profile="rehearsal", kind="rehearsal", ship_percent=0, ceiling_percent=0,
        criteria=(criterion, criterion),
    )  # fmt: skip
    return Report(spec="S", version="1.0.0", models=(model,))


def results(*losses: Any, **last: Any) -> list[Evidence]:
    made = [evidence(loss, ended=NOW + timedelta(hours=at)) for at, loss in enumerate(losses)]
    return [*made[:-1], made[-1].model_copy(update=last)] if last else made


def told(key: SigningKey, *found: Evidence, most: int = 60) -> list[QuantityHistory]:
    ledger = ledger_of(key, *found)
    return list(histories(report(ledger.statements[-1].digest), by_gate(ledger), most=most))


def moved(key: SigningKey, *found: Evidence) -> list[GateMoved]:
    return list(moved_gates(report(), by_gate(ledger_of(key, *found))))


def test_each_measurement_once_oldest_first(key: SigningKey) -> None:
    (found,) = told(key, *reversed(results(2.6, 2.4, 2.0)))

    assert [point.value for point in found.points] == [2.6, 2.4, 2.0]
    assert (found.gate, found.quantity, found.unit, found.of) == ("GATE-A-001", "loss", "nats/token", 3)
    assert all(point.as_today and point.commit == "1" * 40 for point in found.points)


def test_what_was_asked_otherwise_is_marked(key: SigningKey) -> None:
    first, second = results(2.6, 2.0)
    (found,) = told(key, first.model_copy(update={"gate_digest": "9" * 64}), second)

    assert [point.as_today for point in found.points] == [False, True]


def test_a_long_history_is_thinned_and_counted(key: SigningKey) -> None:
    (found,) = told(key, *results(*([2.0] * 20), 9.0, *([2.0] * 20)), most=10)

    assert (len(found.points) <= 10, found.of) == (True, 41)
    assert 9.0 in {point.value for point in found.points}


@pytest.mark.parametrize("value", [None, True, "text", float("inf"), float("nan"), -float("inf")])
def test_what_cannot_be_drawn_is_no_number(value: object) -> None:
    assert number(value) is None


def test_a_verdict_that_turned_comes_with_its_figures(key: SigningKey) -> None:
    (found,) = moved(key, *results(2.0, 2.6, verdict="FAIL", gate_digest="9" * 64))

    assert (found.before, found.after) == ("PASS", "FAIL")
    assert [(one.quantity, one.before, one.after) for one in found.figures] == [("loss", 2.0, 2.6)]


def test_measured_again_on_the_same_bytes_is_no_move(key: SigningKey) -> None:
    """The last measurement of other bytes is what a person compares with, however often it was repeated."""
    first, second, again = results(2.6, 2.0, 2.0)
    (found,) = moved(key, first.model_copy(update={"subjects": {"run": "7" * 64}}), second, again)

    assert found.figures[0].before == 2.6


def test_what_stayed_is_not_told(key: SigningKey) -> None:
    assert moved(key, *results(2.0, 2.0)) == []
    assert moved(key, *results(2.0)) == []
