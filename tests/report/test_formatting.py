"""Phrases of reports: how noisy a figure is, where somebody knows."""

from typing import Any

import pytest

from specship.report.formats import SHIP, Display, render
from specship.report.formatting import cut_short, measured_lines
from specship.status.report import ModelReport, Noise, Standing
from tests.report.shown_reports import criterion, gate, low_loss, shown

REHEARSED = Noise(deviation=0.0213, figures=40, profile="micro")


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, "val_loss 2.1 nats/token (≤ 2.2)"),
        ({"noise": REHEARSED}, "val_loss 2.1 nats/token [sd 0.021 over 40 at micro] (≤ 2.2)"),
        ({"own_noise": "± 0.012 standard error"}, "val_loss 2.1 nats/token [± 0.012 standard error] (≤ 2.2)"),
        (
            {"noise": REHEARSED, "own_noise": "± 0.012 standard error"},
            "val_loss 2.1 nats/token [± 0.012 standard error; sd 0.021 over 40 at micro] (≤ 2.2)",
        ),
        ({"noise": REHEARSED.model_copy(update={"deviation": 0.0})}, "val_loss 2.1 nats/token (≤ 2.2)"),
        (
            {"noise": REHEARSED, "interval": "2 … 2.2 at 95 %"},
            "val_loss 2.1 nats/token [2 … 2.2 at 95 %] (≤ 2.2)",
        ),
    ],
)
def test_a_figure_shows_the_noise_that_is_known(known: dict[str, Any], told: str) -> None:
    assert measured_lines(gate("GATE-A-001", "PASS", low_loss(**known))) == [told]


@pytest.mark.parametrize(
    ("known", "told"),
    [({"noise": REHEARSED}, "sd 0.021 over 40 at micro"), ({"own_noise": "± 0.012 error"}, "± 0.012 error")],
)
@pytest.mark.parametrize("name", ["text", "markdown", "html", "json"])
def test_every_format_shows_it(name: str, known: dict[str, Any], told: str) -> None:
    noisy = gate("GATE-A-001", "PASS", low_loss(**known))
    model = ModelReport(
        model="MODEL-1", profile="rehearsal", kind="rehearsal", ship_percent=100.0, ceiling_percent=100.0,
        criteria=(criterion(1, Standing.DISCHARGED, noisy),),
    )  # fmt: skip
    text = render(SHIP, name, shown(models=(model,)), Display(detailed=frozenset({"rehearsal"})))

    assert ("0.0213" if name == "json" and "noise" in known else told) in text


def test_a_very_long_sentence_is_cut_and_a_shorter_one_is_not() -> None:
    assert cut_short("a" * 240) == "a" * 240
    assert cut_short("a" * 241) == "a" * 240 + "…"
