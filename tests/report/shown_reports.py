"""A report with everything that a page can show, and the same with texts that were made to hurt."""

from typing import Any

from specship.status.exhibits import (
    ComparedBlock,
    ComparedPair,
    Exhibits,
    FigureMoved,
    ForeignStatement,
    GateMoved,
    MeasuredPoint,
    Movement,
    OutcomeGrid,
    PercentMoved,
    QuantityHistory,
    RunCurve,
    RunEvent,
    RunReport,
    StageNode,
    TaskOutcomes,
)
from specship.status.report import (
    CriterionReport,
    GateReport,
    LimitReport,
    Measured,
    ModelReport,
    Report,
    SignerReport,
    Standing,
    WaiverReport,
)

SIGNER = SignerReport(key_id="sha256:" + "a" * 64, owner="Ada", purposes=("release",))
HOSTILE = "\"><script>alert(1)</script>\u202egnp.exe\u2066 \x00\x1b[31m\ud800 & &lt; ' ` x"
"""What would leave its place on the page, turn it around, or be no character at all."""


def gate(name: str, verdict: Any = "PASS", *measured: Measured, **more: Any) -> GateReport:
    facts: dict[str, Any] = {
        "contract": "contracts/a-v1.yaml", "rule": "The loss is low.", "blocking": True, "reason": "as it is",
        "armed": True, "fresh": True, "checked": "131 072 tokens", "evidence": "e" * 64, "signers": (SIGNER,),
        "ended": "2026-11-30T18:00:00+00:00", "seconds": 2.5,
        "limits": tuple(
            LimitReport(quantity=one.quantity, seen="seen", faults=("frozen-weights",)) for one in measured
        ),
    }  # fmt: skip
    return GateReport(id=name, verdict=verdict, measured=measured, **{**facts, **more})


def low_loss(value: float = 2.1, **more: Any) -> Measured:
    facts = {"unit": "nats/token", "limit": "≤ 2.2 nats/token", "most": 2.2, "holds": value <= 2.2}
    return Measured(quantity="val_loss", value=value, **{**facts, **more})


def criterion(
    number: int, status: Standing, *gates: GateReport, reasons: tuple[str, ...] = ()
) -> CriterionReport:
    return CriterionReport(
        id=f"AC-A-00{number}", statement="It is good.", status=status, weight=20, reasons=reasons, gates=gates
    )


def run(points: int = 30, **more: Any) -> RunReport:
    steps = range(1, points + 1)
    facts: dict[str, Any] = {
        "model": "MODEL-1", "profile": "release", "path": ".specship/artifacts/run", "status": "completed",
        "steps": points,
        "curves": (
            RunCurve(name="training loss", unit="nats/token", points=tuple((s, 7 / s) for s in steps), of=points),
            RunCurve(
                name="held-out loss", unit="nats/token", points=((1, 7.0), (points, 2.1)),
                band=((1, 0.1), (points, 0.05)), of=2,
            ),
            RunCurve(name="learning rate", unit="a step", points=tuple((s, 1 / s) for s in steps), of=points),
            RunCurve(
                name="learning rate, closed form", unit="a step", points=tuple((s, 1 / s) for s in steps), of=points
            ),
        ),
        "events": (RunEvent(step=9, name="wrap"), RunEvent(step=20, name="resume", text="after a kill")),
    }  # fmt: skip
    return RunReport(**{**facts, **more})


def stage(makes: str, **inputs: str) -> StageNode:
    return StageNode(
        model="MODEL-1", profile="release", makes=makes, stage=makes, digest=makes * 8, inputs=inputs, seconds=3.0,
        finished="2026-11-30T17:00:00+00:00", files=2, bytes=4096, path=f".specship/artifacts/{makes}",
        statement="d" * 64, signed=makes != "run",
    )  # fmt: skip


def history(*values: float) -> QuantityHistory:
    points = tuple(
        MeasuredPoint(
            ended=f"2026-11-{day:02}T18:00:00+00:00", value=value, verdict="PASS" if value <= 2.2 else "FAIL",
            statement=f"{day:064}", commit="c" * 40, as_today=day > 1,
        )
        for day, value in enumerate(values, 1)
    )  # fmt: skip
    return QuantityHistory(
        model="MODEL-1", profile="release", gate="GATE-A-001", quantity="val_loss", unit="nats/token",
        points=points, of=len(points),
    )  # fmt: skip


def exhibits(**more: Any) -> Exhibits:
    facts: dict[str, Any] = {
        "made": "2026-11-30T20:00:00+00:00", "commit": "f" * 40, "dirty": True, "entries": 44,
        "histories": (history(2.6, 2.3, 2.1),),
        "movement": Movement(
            base="b" * 40, base_version="1.0.0", changes=("GATE-A-001 weakened: 2.2 was 2.0",),
            percents=(PercentMoved(model="MODEL-1", profile="release", before=20.0, after=25.0),),
            gates=(
                GateMoved(
                    model="MODEL-1", profile="release", gate="GATE-A-001", before="FAIL", after="PASS",
                    since="2026-11-02T18:00:00+00:00",
                    figures=(FigureMoved(quantity="val_loss", unit="nats/token", before=2.3, after=2.1),),
                ),
            ),
        ),
        "runs": (run(),), "stages": (stage("corpus"), stage("run", corpus="corpus" * 8)),
        "outcomes": (
            OutcomeGrid(
                model="MODEL-1", profile="release", name="HumanEval, run 0", path="x/run-0", sandbox="namespaces",
                tasks=(
                    TaskOutcomes(task="HumanEval/0", outcomes=("passed", "passed")),
                    TaskOutcomes(task="HumanEval/1", outcomes=("failed:assertion", "passed")),
                    TaskOutcomes(task="HumanEval/2", outcomes=("failed:timeout",)),
                ),
            ),
        ),
        "comparisons": (
            ComparedPair(
                a="checkpoint", b="model.gguf", figures={"mean KL, nats/token": 0.01, "largest": None},
                positions=((0, 0.001), (1, 0.02), (2, 0.5)), positions_of=3, first_diverging="block 1",
                verdict="they diverge first in block 1",
                blocks=(
                    ComparedBlock(block="block 0", difference=1e-7, allowed=1e-6, diverges=False),
                    ComparedBlock(block="block 1", difference=0.3, allowed=1e-6, diverges=True),
                ),
            ),
        ),
        "foreign": (
            ForeignStatement(digest="9" * 64, kind="Evidence", about="GATE-A-009", moment="2026-11-30T17:00:00+00:00"),
        ),
        "statements": {"e" * 64: ".specship/ledger/eee.json"},
    }  # fmt: skip
    return Exhibits(**{**facts, **more})


def shown(**more: Any) -> Report:
    """A release that is not there yet."""
    near = low_loss(interval="2.05 … 2.15 at 95 %", interval_low=2.05, interval_high=2.15, beside=0.02)
    criteria = (
        criterion(1, Standing.DISCHARGED, gate("GATE-A-001", "PASS", near)),
        criterion(
            2, Standing.FAILED, gate("GATE-A-002", "FAIL", low_loss(3.5)), reasons=("GATE-A-002: 3.5",)
        ),
        criterion(
            3, Standing.STALE, gate("GATE-A-003", "PASS", low_loss(), fresh=False), reasons=("another limit",)
        ),
        criterion(
            4, Standing.OPEN, gate("GATE-A-004", None, armed=False, unarmed="never seen", evidence=None)
        ),
        criterion(5, Standing.NOT_JUDGED, reasons=("it needs a device",)),
        criterion(6, Standing.DISCHARGED, gate("GATE-A-001", "PASS", near)),
        criterion(
            7, Standing.OPEN, gate("GATE-A-007", "PASS", low_loss(), signers=(), bypasses=("accepted",))
        ),
    )
    model = ModelReport(
        model="MODEL-1",
        profile="release",
        kind="release",
        ship_percent=25.0,
        ceiling_percent=80.0,
        criteria=criteria,
    )
    waiver = WaiverReport(
        gate="GATE-A-002", fingerprint="fails-1", profile="release", state="in force", owner="ada@example.org",
        reason="Thursday.", issue="https://example.org/7", expires="2026-12-30", days_left=30,
        path="waivers/a.yaml", line=1,
    )  # fmt: skip
    facts: dict[str, Any] = {
        "spec": "SPEC-A", "version": "2.0.0", "models": (model,), "waivers": (waiver,), "exhibits": exhibits(),
        "problems": ("ledger: a file is damaged\n  why:  its bytes are others",),
    }  # fmt: skip
    return Report(**{**facts, **more})


def hurt(value: Any, text: str = HOSTILE) -> Any:
    """A record's plain values with every free text replaced."""
    kept = {"verdict", "status", "kind", "seen", "state", "ended", "moment", "finished", "made", "since"}
    if isinstance(value, dict):
        return {key: one if key in kept else hurt(one, text) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [hurt(one, text) for one in value]
    return f"{value}{text}" if isinstance(value, str) else value


def hostile(text: str = HOSTILE) -> Report:
    """The same report, in whose every name and sentence stands what hurts."""
    return Report.model_validate(hurt(shown().model_dump(), text), strict=False)
