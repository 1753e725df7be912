"""A report with a gate of each kind: passing, failing, stale, never measured."""

from datetime import UTC, datetime, timedelta
from typing import Any

from specship.status.report import CriterionReport, GateReport, Measured, ModelReport, Report, Standing

NINE_HOURS_AGO = datetime.now(UTC) - timedelta(hours=9)


def gate(number: int, verdict: Any = "PASS", *, fresh: bool = True, **values: Any) -> GateReport:
    measured = [
        Measured(quantity=name, value=value, unit="bits/byte", limit="at most 2", holds=verdict == "PASS")
        for name, value in values.items()
    ]
    return GateReport(
        id=f"GATE-A-00{number}", contract="contracts/a-v1.yaml", rule="The text is cheap: 2 bits.", blocking=True,
        verdict=verdict, reason="", armed=True, fresh=fresh, checked="1 text", measured=tuple(measured),
        ended=(NINE_HOURS_AGO + timedelta(seconds=number)).isoformat(),
    )  # fmt: skip


def judged() -> Report:
    gates = (
        gate(1, bits_per_byte=1.25, texts=4, name="a text", sound=True),
        gate(2, "FAIL", bits_per_byte=3.5, worst=float("inf")),
        gate(3, fresh=False, bits_per_byte=9.0),
        gate(4, "UNBOUND"),
    )
    criteria = [
        CriterionReport(
            id=f"AC-A-00{at}",
            statement="",
            status=Standing.OPEN,
            weight=50,
            reasons=(),
            gates=gates[:2] if at else gates,
        )
        for at in range(2)
    ]
    model = ModelReport(
        model="MODEL-1", profile="release", kind="release", ship_percent=62.5, ceiling_percent=100.0,
        criteria=tuple(criteria),
    )  # fmt: skip
    return Report(spec="SPEC-A", version="1.0.0", models=(model, model.model_copy(update={"profile": "a/b"})))


EXPECTED = {
    "ship_percent": 62.5,
    "ceiling_percent": 100.0,
    "GATE-A-001/bits_per_byte": 1.25,
    "GATE-A-001/texts": 4.0,
    "GATE-A-002/bits_per_byte": 3.5,
    "GATE-A-002/worst": float("inf"),
}
"""What trackers hold of it."""
