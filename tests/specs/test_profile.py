"""Profiles: what a rehearsal may change, and that nothing of it reaches a release."""

from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.specs.project import load_project
from specship.suite.plan.plan import make_plan
from tests.projects.small_project import edit, make_project

OVERRIDE = """\
overrides:
  GATE-SMALL-001:
    reason: It is small.
    expect:
      documents: {at_least: 5, unit: documents}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


def limits(project: Path, profile: str) -> list[str]:
    plan = make_plan(load_project(project), profile)
    return [expectation.limit_text for expectation in plan.checks[0].gate.expect.values()]


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def test_an_override_holds_at_its_profile_only(project: Path) -> None:
    append(project / "specs/small/profiles/rehearsal.yaml", OVERRIDE)

    assert limits(project, "rehearsal") == ["≥ 5 documents"]
    assert limits(project, "release") == ["≥ 10 documents"]


def test_an_override_changes_the_digest_of_its_gate_only(project: Path) -> None:
    before = {c.gate.id: c.gate_digest for c in make_plan(load_project(project)).checks}
    append(project / "specs/small/profiles/rehearsal.yaml", OVERRIDE)
    after = {c.gate.id: c.gate_digest for c in make_plan(load_project(project)).checks}

    assert [identity for identity in before if before[identity] != after[identity]] == ["GATE-SMALL-001"]


BAD = {
    "a release with overrides": ("release", OVERRIDE, "overrides nothing"),
    "an override without reason": ("rehearsal", OVERRIDE.replace("    reason: It is small.\n", ""), "'reason' is missing"),
    "an override that changes nothing": ("rehearsal", OVERRIDE[: OVERRIDE.index("    expect")], "changes nothing"),
    "an override of no gate": ("rehearsal", OVERRIDE.replace("SMALL-001", "SMALL-011"), "the nearest is 'GATE-SMALL-001'"),
    "an override in another unit": ("rehearsal", OVERRIDE.replace("unit: documents", "unit: files"), "measures it in"),
    "an override nothing violates": ("rehearsal", OVERRIDE.replace("at_least: 5", "at_least: 0"), "could violate"),
    "a dropped limit nobody set": ("rehearsal", OVERRIDE + "    drop: [bytes]\n", "expects nothing of 'bytes'"),
    "every limit dropped": ("rehearsal", OVERRIDE[: OVERRIDE.index("    expect")] + "    drop: [documents]\n",
                            "nothing is expected"),
    "a criterion nobody has": ("rehearsal", "not_judged: {AC-SMALL-009: too small}\n", "no criterion 'AC-SMALL-009'"),
    "a typed percentage": ("rehearsal", "ship_percent: 100\n", "unknown key 'ship_percent'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_bad_profiles_are_refused_with_place(case: str, project: Path) -> None:
    name, text, said = BAD[case]
    append(project / f"specs/small/profiles/{name}.yaml", text)

    with pytest.raises(UnusableInput) as caught:
        make_plan(load_project(project), name)
    assert said in str(caught.value)
    assert ".yaml:" in str(caught.value)


def test_criteria_cannot_wait_for_each_other(project: Path) -> None:
    spec = project / "specs/small/spec.yaml"
    for one, other in (("001", "002"), ("002", "001")):
        edit(spec, f"{{id: AC-SMALL-{one},", f"{{id: AC-SMALL-{one}, depends_on: [AC-SMALL-{other}],")

    with pytest.raises(UnusableInput, match="AC-SMALL-001 → AC-SMALL-002 → AC-SMALL-001"):
        load_project(project)
