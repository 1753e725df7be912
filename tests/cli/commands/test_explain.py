"""What an id means, where its limits come from, what the evidence says and what would mend it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.codes import CODES
from specship.contracts.expectation import Expectation
from specship.lint.registry import all_rules
from specship.status.report import Measured
from specship.suite.explain.remedies import miss
from specship.units import KNOWN_UNITS
from tests.processes import inside, run_pytest
from tests.projects.scaffolded import begin
from tests.projects.small_project import edit, make_project

Printed = Callable[..., str]
RELEASE = "overrides:\n  GATE-SMALL-001:\n    reason: Thirty texts are enough.\n    expect:\n      documents: {at_least: 5, unit: documents}\n"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project after a session: one gate passes, one fails by far, one is unbound."""
    folder = make_project(tmp_path_factory.mktemp("judged"))
    profile = folder / "specs/small/profiles/rehearsal.yaml"
    profile.write_text(profile.read_text() + RELEASE)
    contract = folder / "contracts/small-v1.yaml"
    edit(contract, "at_least: 100,", "at_least: 10000000,")
    edit(
        contract,
        "{at_least: 10, unit: documents}",
        "{at_least: 10, unit: documents}\n    falsified_by: [partial-ingest, own-defect]",
    )
    (folder / "faults").mkdir()
    (folder / "faults/own_defect.py").write_text('"""It is broken. Very much so."""\n')
    edit(folder / "pyproject.toml", 'probes = "probes"', 'probes = "probes"\nfaults = "faults"')
    edit(
        folder / "specs/small/spec.yaml",
        "weight: 30, because: b,",
        "weight: 30, because: b, depends_on: [AC-SMALL-003],",
    )
    assert run_pytest(folder, "-qm", "ship", "-p", "no:cacheprovider").returncode == 1
    return folder


@pytest.fixture
def small(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to be changed."""
    folder = shutil.copytree(judged, tmp_path / "small")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def explain(capsys: pytest.CaptureFixture[str]) -> Printed:
    def printed(*words: str, status: int = 0) -> str:
        capsys.readouterr()
        assert main(["explain", *words]) == status
        got = capsys.readouterr()
        return " ".join((got.err if status == 2 else got.out).split())

    return printed


def at_profile(explain: Printed, identity: str, profile: str) -> dict[str, Any]:
    found = json.loads(explain(identity, "--format", "json"))
    entry: dict[str, Any] = next(one for one in found["profiles"] if one["profile"] == profile)
    return entry


@pytest.mark.usefixtures("small")
def test_a_gate_that_passes(explain: Printed) -> None:
    said = explain("GATE-SMALL-001")

    assert "GATE-SMALL-001 (contracts/small-v1.yaml:6:5)" in said
    assert "rule The corpus has documents." in said
    assert "AC-SMALL-001: It has text." in said
    assert "corpus: documents, characters; probes/small.py" in said
    assert "partial-ingest: Some of the corpus files were not read." in said
    assert "own-defect: It is broken." in said
    assert "armed no" in said
    assert (
        "documents ≥ 5 documents instead of ≥ 10 documents, by specs/small/profiles/rehearsal.yaml:11:7"
        in said
    )
    assert "reason Thirty texts are enough." in said
    assert "documents ≥ 10 documents, by contracts/small-v1.yaml:12:7" in said
    assert "verdict PASS: every expectation holds" in said
    assert "mend run it: pytest -m ship -k GATE-SMALL-001 --specship-profile release" in said


@pytest.mark.usefixtures("small")
def test_a_gate_that_passes_needs_arming_only(explain: Printed) -> None:
    entry = at_profile(explain, "GATE-SMALL-001", "rehearsal")

    (mend,) = entry["mend"]
    assert mend.startswith("it passes and is not armed")
    assert entry["standing"]["fresh"]
    assert len(entry["standing"]["evidence"]) == 64


@pytest.mark.usefixtures("small")
def test_a_gate_that_fails_says_by_how_much(explain: Printed) -> None:
    entry = at_profile(explain, "GATE-SMALL-002", "rehearsal")
    value = entry["standing"]["measured"][0]["value"]

    assert entry["standing"]["verdict"] == "FAIL"
    assert entry["mend"][0].startswith("characters: ")
    assert f"{10_000_000 - value:,}".replace(",", " ") + " characters too little" in entry["mend"][0]
    assert entry["mend"][1].endswith("pytest -m ship -k GATE-SMALL-002")


@pytest.mark.usefixtures("small")
def test_a_gate_without_a_probe_hears_of_probes_nearby(explain: Printed) -> None:
    said = explain("GATE-SMALL-003")

    assert "verdict UNBOUND" in said
    assert "write `probe:` and `expect:` below contracts/small-v1.yaml:" in said
    assert "corpus.duplicates, corpus.files, corpus.licence, corpus.split" in said
    assert "specship new probe corpus.what_it_measures" in said


def test_stale_evidence_is_judged_by_the_limit_of_today(small: Path, explain: Printed) -> None:
    """The figures stay visible, and what changed is named."""
    edit(small / "contracts/small-v1.yaml", "at_least: 10000000,", "at_least: 7,")
    entry = at_profile(explain, "GATE-SMALL-002", "rehearsal")

    assert entry["standing"]["verdict"] == "PASS"
    assert not entry["standing"]["fresh"]
    assert entry["standing"]["measured"][0]["limit"] == "≥ 7 characters"
    assert "limit, probe, requirement or faults changed" in entry["mend"][0]
    assert "(stale)" in explain("GATE-SMALL-002")


def test_a_blocked_gate_names_what_is_missing(small: Path, explain: Printed) -> None:
    edit(
        small / "contracts/small-v1.yaml",
        "at_least: 10000000, unit: characters}",
        "at_least: 7, unit: characters}\n    requires: {device: cuda}",
    )
    said = explain("GATE-SMALL-002")

    assert "requires cuda, by contracts/small-v1.yaml:" in said
    assert "BLOCKED: it requires CUDA" in said
    assert "on a machine with a CUDA device: pytest -m ship -k GATE-SMALL-002" in said


def test_a_profile_without_a_pipeline(small: Path, explain: Printed) -> None:
    path = small / "specs/small/profiles/release.yaml"
    path.write_text(path.read_text().split("pipeline:")[0])

    assert "has no pipeline for MODEL-1: write `pipeline:` into specs/small/profiles/release.yaml" in explain(
        "GATE-SMALL-001"
    )


def test_a_gate_that_speaks_for_nobody(small: Path, explain: Printed) -> None:
    edit(small / "contracts/small-v1.yaml", "    binds_to: [AC-SMALL-003]\n", "")

    assert "it speaks for no criterion and counts nowhere: write `binds_to:`" in explain("GATE-SMALL-003")


def test_a_dropped_limit_and_a_criterion_left_out(small: Path, explain: Printed) -> None:
    path = small / "specs/small/profiles/rehearsal.yaml"
    edit(
        small / "contracts/small-v1.yaml",
        "characters: {at_least",
        "documents: {at_least: 3, unit: documents}\n      characters: {at_least",
    )
    more = (
        "  GATE-SMALL-002: {reason: Too few., drop: [characters]}\nnot_judged: {AC-SMALL-003: Too early.}\n"
    )
    path.write_text(path.read_text() + more)

    assert "dropped characters ≥ 10 000 000 characters, by specs/small/profiles/rehearsal.yaml:12" in explain(
        "GATE-SMALL-002"
    )
    assert "left out Too early." in explain("GATE-SMALL-003")
    assert at_profile(explain, "AC-SMALL-003", "rehearsal")["status"] == "NOT_JUDGED"


@pytest.mark.usefixtures("small")
def test_a_criterion(explain: Printed) -> None:
    said = explain("AC-SMALL-002")

    assert "AC-SMALL-002 (specs/small/spec.yaml:8:10)" in said
    assert "30 of 100 in MODEL-1, because: b" in said
    assert "at profile rehearsal: FAILED" in said
    assert "waits for AC-SMALL-003: OPEN" in said
    assert "GATE-SMALL-002 FAIL, not armed" in said
    assert "characters too little" in said
    assert "AC-SMALL-003 has to be discharged first: specship explain AC-SMALL-003" in said


def test_a_criterion_that_is_not_armed_or_has_no_gate(small: Path, explain: Printed) -> None:
    (mend,) = at_profile(explain, "AC-SMALL-001", "rehearsal")["mend"]
    assert "passes and is not armed (it was never seen to fail)" in mend
    assert "pytest -m falsify -k GATE-SMALL-001" in mend
    edit(small / "contracts/small-v1.yaml", "[AC-SMALL-003]", "[AC-SMALL-001]")
    assert "specship new contract NAME --criterion AC-SMALL-003" in explain("AC-SMALL-003")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MODEL-1", "at profile rehearsal: rehearsed 0 %"),
        ("gate-small-001", "GATE-SMALL-001 (contracts/"),
        ("small.documents", "gates GATE-SMALL-001, GATE-SMALL-002"),
        ("corpus.split", "highest_jaccard in fraction"),
        ("own-defect", "own-defect (faults/own_defect.py) defect It is broken. gates GATE-SMALL-001"),
        ("frozen-weights", "comes with specship) defect The optimizer runs and no weight changes."),
        ("gates", "GATE-SMALL-003: Somebody will say how to measure it."),
        ("criteria", "AC-SMALL-003: It is known."),
        ("probes", "corpus.files: Files on the disk against"),
        ("faults", "own-defect: It is broken."),
        ("codes", "SHIP104: not-yaml"),
    ],
)
def test_other_names(name: str, said: str, explain: Printed) -> None:
    assert said in explain(name)
    assert json.loads(explain(name, "--format", "json"))["kind"]


@pytest.mark.parametrize("code", CODES)
def test_every_code_of_a_document(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, explain: Printed
) -> None:
    """Outside a project too: whoever sees a code can look it up."""
    monkeypatch.chdir(tmp_path)
    said = explain(code.lower())

    assert f"{code} {CODES[code].name}" in said
    assert "nothing silences it" in said


@pytest.mark.parametrize("code", all_rules())
def test_every_lint_rule(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, explain: Printed
) -> None:
    monkeypatch.chdir(tmp_path)
    found = json.loads(explain(code, "--format", "json"))

    assert found["name"] == all_rules()[code].name
    assert found["bad"]
    assert found["good"]
    assert f'ignore = ["{code}"] in [tool.specship.lint]' in found["silence"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("GATE-SMALL-01", "write 'GATE-SMALL-001'"),
        ("gate-small-01", "write 'GATE-SMALL-001'"),
        ("AC-SMAL-002", "write 'AC-SMALL-002'"),
        ("small.document", "write 'small.documents'"),
        ("frozen-wieghts", "write 'frozen-weights'"),
        ("SHIP1040", "the nearest is 'SHIP104'"),
        ("SHIP999", ""),
        ("zzzzzz", "list them: specship explain gates"),
        ("", "list them"),
        ("\x1b[2J", "list them"),
    ],
)
def test_unknown_names(name: str, mend: str, explain: Printed) -> None:
    said = explain(name, status=2)

    assert mend in said
    assert "\x1b" not in said


def test_a_project_without_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, explain: Printed
) -> None:
    monkeypatch.chdir(begin(tmp_path))

    assert "verdict none: no evidence yet mend run it: pytest -m ship -k GATE-DEMO-001" in explain(
        "GATE-DEMO-001"
    )


def test_a_damaged_ledger_is_said(small: Path, explain: Printed) -> None:
    (small / ".specship/ledger" / ("a" * 64 + ".json")).write_text("{}")

    for name in ("GATE-SMALL-001", "AC-SMALL-001", "MODEL-1"):
        assert "damage" in explain(name, status=1)


def test_a_damaged_record_of_arming_is_said(small: Path, explain: Printed) -> None:
    """It would else read as a gate that was never seen to fail."""
    (small / "evidence/arming").mkdir(parents=True)
    (small / f"evidence/arming/GATE-SMALL-001.{'a' * 12}.json").write_text("{}")

    for name in ("GATE-SMALL-001", "AC-SMALL-001", "MODEL-1"):
        said = explain(name, status=1)
        assert "not a record of arming" in said
        assert "restore the file from git; or delete it and arm the gate again: pytest -m falsify" in said


def test_a_damaged_artifact_is_said(small: Path, explain: Printed) -> None:
    """A file that was changed behind the manifest's back is no artifact any more."""
    for path in (small / ".specship/artifacts").rglob("train.jsonl"):
        path.write_text(path.read_text() + "\n")
    said = explain("GATE-SMALL-001", status=1)

    assert "PASS (stale): the artifact corpus is not there" in said
    assert "its manifest says" in said


def test_a_project_that_cannot_be_read(small: Path, explain: Printed) -> None:
    edit(small / "contracts/small-v1.yaml", "small.documents", "small.docments")

    assert "no probe is called 'small.docments'" in explain("GATE-SMALL-001", status=2)
    edit(small / "contracts/small-v1.yaml", "stage: corpus", "stage: [")
    assert "SHIP104" in explain("GATE-SMALL-001", status=2)


def test_outside_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, explain: Printed) -> None:
    monkeypatch.chdir(tmp_path)

    assert "specship init" in explain("GATE-SMALL-001", status=2)


@pytest.mark.parametrize(
    ("limit", "value", "unit", "said"),
    [
        ({"at_most": 2.0}, 2.5, "ratio", "2.5 ratio, and has to be ≤ 2 ratio: 0.5 ratio too much"),
        ({"at_least": 10}, 7, "tokens", "7 tokens, and has to be ≥ 10 tokens: 3 tokens too little"),
        ({"below": 2.0}, 2.0, "ratio", "it stands exactly on the limit"),
        ({"between": (1, 3)}, 5, "ratio", "2 ratio too much"),
        ({"between": (1, 3)}, 0, "ratio", "1 ratio too little"),
        ({"equals": 0}, 4, "files", "4 files too much"),
        ({"equals": True}, False, "text", "False, and has to be = True"),
        ({"one_of": ("a", "b")}, "c", "text", "c, and has to be one of a, b"),
        ({"matches": "x+"}, "y", "text", "y, and has to be matches 'x+'"),
        ({"at_most": 2.0}, None, "ratio", "it was not measured"),
        ({"at_most": 2.0}, "nan", "ratio", "nan ratio, and has to be"),
        ({"at_most": 2.0}, 1, "seconds", "it was measured in seconds, and the limit is in ratio"),
    ],
)
def test_by_how_much_a_figure_misses(limit: dict[str, Any], value: Any, unit: str, said: str) -> None:
    wanted = "ratio" if unit == "seconds" else unit
    expectation = Expectation.model_validate({**limit, "unit": wanted})
    entry = Measured(quantity="q", value=value, unit=unit, limit=expectation.limit_text, holds=False)

    assert said in miss(expectation, entry)


def test_units_are_listed_with_what_they_can_hold(tmp_path: Path) -> None:
    """Anywhere: they belong to no project."""
    names = json.loads(inside(tmp_path, "explain", "units", "--format", "json").stdout)["names"]

    assert KNOWN_UNITS.keys() < names.keys()
    assert names["fraction"].endswith("0 to 1")
    assert names["difference"].endswith("any number")


def test_artifacts_are_listed_with_the_files_and_keys_that_lie_here(judged: Path) -> None:
    names = json.loads(inside(judged, "explain", "artifacts", "--format", "json").stdout)["names"]

    assert "train.jsonl {path, sha256, bytes, licence, text}" in names["corpus"]
    assert names["run"] == "trains the model, and goes on with a run that was killed; none was made here yet"
