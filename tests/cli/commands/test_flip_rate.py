"""`specship flip-rate`: gates on healthy variants, resumed, signed, judged by the limits of today, made stale."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.report.formats import FLIP_RATE, render
from specship.suite.flip_rates.records import FlipRateReport
from tests.processes import inside, specship
from tests.projects.evidenced_project import make_artifacts, put_evidence
from tests.projects.small_project import edit, make_project

HEALTHY = """\
model: MODEL-1
measures: [corpus]
not_asked:
  GATE-SMALL-003: Nobody measures it.
variants:
  - {name: a-fifth, settings: {corpus: {heldout_fraction: 0.2}}}
  - {name: a-quarter, settings: {corpus: {heldout_fraction: 0.25}}}
  - {name: a-third, settings: {corpus: {heldout_fraction: 0.34}}}
"""
LIMIT = "documents: {at_least: 10, unit: documents}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two gates that were asked about three variants."""
    root = make_project(tmp_path_factory.mktemp("flip") / "project")
    (root / "healthy.yaml").write_text(HEALTHY)
    edit(root / "pyproject.toml", 'probes = "probes"\n', 'probes = "probes"\nhealthy = "healthy.yaml"\n')
    done = specship("flip-rate", folder=root)
    assert done.returncode in {0, 1}, done.stderr
    assert "variant 3/3  a-third" in done.stderr
    return root


def recorded(project: Path, *words: str) -> dict[str, Any]:
    done = inside(project, "flip-rate", "--recorded", "--format", "json", *words)
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_each_gate_and_quantity_has_its_figures(project: Path) -> None:
    found = recorded(project)
    first = found["gates"][0]
    (documents,) = first["quantities"]

    assert [gate["gate"] for gate in found["gates"]] == ["GATE-SMALL-001", "GATE-SMALL-002"]
    assert (first["variants"], first["changed"], first["stale"], first["signed"]) == (3, 0, "", "")
    assert first["at_most"] == pytest.approx(1 - 0.05 ** (1 / 3))
    assert documents["figures"] == 3
    assert documents["deviation"] > 0
    assert documents["distance"] == pytest.approx((documents["mean"] - 10) / documents["deviation"])
    assert 0 < documents["rate"] < 0.5
    assert found["not_asked"] == {"GATE-SMALL-003": "Nobody measures it."}


def test_a_person_reads_it_in_80_columns(project: Path) -> None:
    shown = inside(project, "flip-rate", "--recorded").stdout

    assert "GATE-SMALL-001  0 of 3 verdicts changed, at most 63 %" in shown
    assert ", normal; " in shown
    assert " sd away: misses it 1 in " in shown
    assert "independent draws of one distribution" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_only_the_gate_that_was_named(project: Path) -> None:
    assert [gate["gate"] for gate in recorded(project, "GATE-SMALL-002")["gates"]] == ["GATE-SMALL-002"]


def test_verify_lists_the_records(project: Path) -> None:
    statements = inside(project, "evidence", "verify").stdout
    assert "flip-rate  GATE-SMALL-001 on healthy variants at rehearsal: 0 of 3 verdicts changed" in statements
    assert "    counts   yes" in statements


def test_status_and_explain_show_the_noise(project: Path) -> None:
    make_artifacts(project)
    put_evidence(project, {"GATE-SMALL-002": {"characters": 4000}})
    report = json.loads(inside(project, "status", "--format", "json").stdout)
    models = [one for one in report["models"] if one["profile"] == "rehearsal"]
    gates = [gate for model in models for one in model["criteria"] for gate in one["gates"]]
    (measured,) = next(gate for gate in gates if gate["id"] == "GATE-SMALL-002")["measured"]

    assert measured["noise"]["figures"] == 3
    assert measured["noise"]["profile"] == "rehearsal"
    assert measured["noise"]["deviation"] > 0
    assert " over 3 at rehearsal]" in inside(project, "explain", "GATE-SMALL-002").stdout


def test_a_limit_that_moves_is_judged_from_the_record(project: Path) -> None:
    edit(project / "contracts/small-v1.yaml", LIMIT, LIMIT.replace("10", "29"))
    try:
        first = recorded(project)["gates"][0]
    finally:
        edit(project / "contracts/small-v1.yaml", LIMIT.replace("10", "29"), LIMIT)

    assert first["stale"] == ""
    assert first["changed"] == 3
    assert first["quantities"][0]["missed"] == 3


STALE = {
    "the probe's code": ("probes/small.py", "len(lines)", "len(list(lines))"),
    "the settings of profile rehearsal": ("specs/small/profiles/rehearsal.yaml", "heldout_fraction: 0.2", "heldout_fraction: 0.3"),
    "the healthy variants": ("healthy.yaml", "heldout_fraction: 0.25", "heldout_fraction: 0.26"),
}  # fmt: skip


@pytest.mark.parametrize(
    "what", [pytest.param(one, marks=pytest.mark.slow) if one == "the probe's code" else one for one in STALE]
)
def test_what_makes_a_record_stale(what: str, project: Path) -> None:
    file, old, new = STALE[what]
    edit(project / file, old, new)
    try:
        done = inside(project, "flip-rate", "--recorded", "--format", "json")
    finally:
        edit(project / file, new, old)

    assert done.returncode == 1
    assert json.loads(done.stdout)["gates"][0]["stale"] == f"changed since it was measured: {what}"


def test_a_record_by_an_unknown_key_is_not_believed(project: Path) -> None:
    keys = project / "evidence" / "arming" / "keys.txt"
    own = project / ".specship" / "keys" / "local.ed25519"
    listed, held = keys.read_text(), own.read_bytes()
    try:
        keys.write_text("")
        own.unlink()
        found = recorded(project)["gates"][0]
    finally:
        keys.write_text(listed)
        own.write_bytes(held)
        own.chmod(0o600)

    assert found["signed"] == "no key known here signed it"


def test_what_a_record_holds_is_not_measured_again(project: Path) -> None:
    """In a clone that has the records and nothing else, too."""
    kept = project / ".specship/falsify"
    kept.rename(project / "kept")
    try:
        done = specship("flip-rate", folder=project)
    finally:
        shutil.rmtree(kept, ignore_errors=True)
        (project / "kept").rename(kept)

    assert "0 variants" in done.stderr
    assert "variant 1/" not in done.stderr
    assert [gate["variants"] for gate in recorded(project)["gates"]] == [3, 3]


@pytest.mark.slow
def test_more_variants_go_on_where_it_was(project: Path) -> None:
    """They are the same ones with other seeds; what was measured stays measured."""
    before = {path.name for path in (project / ".specship/falsify/healthy-a-third/MODEL-1/ledger").iterdir()}
    done = specship("flip-rate", "GATE-SMALL-001", "--variants", "4", folder=project)

    assert "variant 1/1  a-fifth-again-1" in done.stderr, "the other three are on record"
    assert recorded(project, "GATE-SMALL-001")["gates"][0]["variants"] == 4
    assert before == {
        path.name for path in (project / ".specship/falsify/healthy-a-third/MODEL-1/ledger").iterdir()
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["GATE-SMALL-003"], "Nobody measures it."), (["GATE-SMALL-01"], "GATE-SMALL-001"),
        (["--variants", "1"], "--variants 1 is not from 2 to"), (["--profile", "nonsense"], "there is no profile"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(words: list[str], says: str, project: Path) -> None:
    done = inside(project, "flip-rate", *words)

    assert done.returncode == 2
    assert says in done.stderr


def test_a_project_without_healthy_variants_is_told(tmp_path: Path) -> None:
    done = inside(make_project(tmp_path), "flip-rate")

    assert done.returncode == 2
    assert "this project has no healthy variants" in done.stderr


def test_without_a_record_it_says_how_to_make_one() -> None:
    shown = render(FLIP_RATE, "text", FlipRateReport(profile="micro", model="MODEL-1", gates=()))

    assert "no record of a flip rate at micro: specship flip-rate" in shown
