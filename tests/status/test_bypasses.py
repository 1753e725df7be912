"""What was relaxed stands on every face, and a release gains nothing by it."""

from typing import Any

import pytest

from specship.evidence.statement import Evidence
from specship.report.formats import SHIP, names, render
from specship.status.bypasses import bypass_lines, forbidden_in_a_release, relaxed
from specship.status.report import CriterionReport, GateReport, ModelReport, Report, Standing
from tests.evidence.statements import ENVIRONMENT, evidence

BYPASS = {"accept-starvation": "fine-tuning"}


def around(**changes: Any) -> Evidence:
    return evidence(environment=ENVIRONMENT.model_copy(update=changes))


CASES = {
    # plain words: (evidence, what is said of it, why a release does not take it)
    "nothing": (evidence(), (), ""),
    "a check relaxed": (
        evidence(bypasses=BYPASS), ("bypass accept-starvation: fine-tuning",),
        "a check was relaxed for it: accept-starvation",
    ),
    "a variable let through": (
        around(inherited={"LD_LIBRARY_PATH": "/cluster"}), ("variable LD_LIBRARY_PATH=/cluster",), "",
    ),
    "start-up files": (
        around(startup={"a.pth": "passed over (sha256 0)", "b.pth": "1 more folder of modules (sha256 1)"}),
        ("start-up file b.pth: 1 more folder of modules (sha256 1)",), "",
    ),
    "an edited installation": (
        around(altered=("specship/a.py",)), ("altered file of specship: specship/a.py",),
        "specship's own installed files were altered: specship/a.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_what_is_said_and_what_a_release_takes(case: str) -> None:
    found, said, why = CASES[case]

    assert relaxed(found) == said
    assert forbidden_in_a_release(found) == why


def test_every_face_says_it() -> None:
    gate = GateReport(
        id="GATE-A-001", contract="contracts/a-v1.yaml", rule="The loss is low.", blocking=True, verdict="PASS",
        reason="it holds", armed=True, fresh=True, checked="16 prompts", bypasses=relaxed(evidence(bypasses=BYPASS)),
    )  # fmt: skip
    criterion = CriterionReport(
        id="AC-X-001",
        statement="It is good.",
        status=Standing.DISCHARGED,
        weight=100,
        reasons=(),
        gates=(gate,),
    )
    model = ModelReport(
        model="MODEL-1", profile="rehearsal", kind="rehearsal", ship_percent=100, ceiling_percent=100,
        criteria=(criterion,),
    )  # fmt: skip
    report = Report(spec="SPEC-X", version="1.0.0", models=(model,))

    assert list(bypass_lines(report)) == [
        "bypass accept-starvation: fine-tuning (1 gate, such as GATE-A-001)"
    ]
    for name in names(SHIP):
        assert "bypass accept-starvation: fine-tuning" in render(SHIP, name, report), name
