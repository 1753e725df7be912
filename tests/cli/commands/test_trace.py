"""The matrix criterion ↔ gate ↔ probe ↔ fault ↔ evidence, and what stands alone in it."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.report.formats import Display
from specship.report.trace import csv as trace_csv
from specship.report.trace import markdown as trace_markdown
from specship.report.trace import text as trace_text
from specship.suite.explain.trace_records import Orphan, Trace, TraceRow
from tests.processes import run_pytest
from tests.projects.scaffolded import begin
from tests.projects.small_project import edit, make_project

Printed = Callable[..., str]
ORPHANS = {
    "criterion-without-gate": {"AC-SMALL-003"},
    "gate-without-criterion": {"GATE-SMALL-003"},
    "gate-without-probe": {"GATE-SMALL-003"},
    "gate-without-fault": {"GATE-SMALL-002", "GATE-SMALL-003"},
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project after a session, then changed so that something of each kind stands alone."""
    folder = make_project(tmp_path_factory.mktemp("traced"))
    assert run_pytest(folder, "-qm", "ship", "-p", "no:cacheprovider").returncode == 0
    contract = folder / "contracts/small-v1.yaml"
    edit(contract, "    binds_to: [AC-SMALL-003]\n", "")
    edit(
        contract,
        "{at_least: 10, unit: documents}",
        "{at_least: 10, unit: documents}\n    falsified_by: [partial-ingest]",
    )
    (folder / "faults").mkdir()
    (folder / "faults/own_defect.py").write_text('"""It is broken."""\n')
    edit(folder / "pyproject.toml", 'probes = "probes"', 'probes = "probes"\nfaults = "faults"')
    return folder


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    def run(*words: str, status: int = 0) -> str:
        capsys.readouterr()
        assert main(["trace", *words]) == status
        got = capsys.readouterr()
        return got.err if status == 2 else got.out

    return run


def _orphans(trace: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for orphan in trace["orphans"]:
        found.setdefault(orphan["kind"], set()).add(orphan["name"])
    return found


def test_rows_and_orphans_both_ways(judged: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(judged)
    trace = json.loads(printed("--format", "json"))
    first, second = trace["rows"]

    assert (first["criterion"], first["gate"], first["probe"], first["faults"]) == (
        "AC-SMALL-001", "GATE-SMALL-001", "small.documents", ["partial-ingest"],
    )  # fmt: skip
    assert (first["verdict"], first["fresh"], first["place"]) == (
        "PASS",
        False,
        "contracts/small-v1.yaml:6:5",
    )
    assert (second["gate"], second["verdict"], second["fresh"], len(second["evidence"])) == (
        "GATE-SMALL-002",
        "PASS",
        True,
        64,
    )
    found = _orphans(trace)
    assert {kind: found[kind] for kind in ORPHANS} == ORPHANS
    assert {"small.broken", "corpus.files"} <= found["probe-without-gate"]
    assert "small.documents" not in found["probe-without-gate"]
    assert {"own-defect", "frozen-weights"} <= found["fault-without-gate"]
    assert "partial-ingest" not in found["fault-without-gate"]
    assert "evidence-without-gate" not in found


def test_the_shape_of_the_json(judged: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    """Readers rely on these names: fields may be added, none may go."""
    monkeypatch.chdir(judged)
    trace = json.loads(printed("--format", "json"))

    assert trace.keys() >= {"spec", "version", "profile", "rows", "orphans", "problems"}
    assert trace["rows"][0].keys() >= {
        "model", "criterion", "weight", "status", "gate", "blocking", "place", "verdict", "fresh", "armed",
        "probe", "faults", "evidence", "ended",
    }  # fmt: skip
    assert trace["orphans"][0].keys() >= {"kind", "name", "place", "said"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("GATE-SMALL-002", "GATE-SMALL-020", "it speaks of GATE-SMALL-002, which no contract has"),
        (
            "    binds_to: [AC-SMALL-002]\n",
            "",
            "it speaks of GATE-SMALL-002 for MODEL-1, whose gate that is not",
        ),
    ],
)
def test_evidence_of_no_gate_of_today(
    old: str, new: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    monkeypatch.chdir(make_project(tmp_path))
    assert run_pytest(tmp_path, "-qm", "ship", "-p", "no:cacheprovider").returncode == 0
    edit(tmp_path / "contracts/small-v1.yaml", old, new)
    lonely = [
        o for o in json.loads(printed("--format", "json"))["orphans"] if o["kind"] == "evidence-without-gate"
    ]

    assert [one["said"] for one in lonely] == [said]
    assert (tmp_path / ".specship/ledger" / f"{lonely[0]['name']}.json").is_file()


def test_evidence_of_no_profile_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    monkeypatch.chdir(make_project(tmp_path))
    assert run_pytest(tmp_path, "-qm", "ship", "-p", "no:cacheprovider").returncode == 0
    profile = tmp_path / "specs/small/profiles/rehearsal.yaml"
    edit(profile, "profile: rehearsal", "profile: other")
    profile.rename(profile.with_name("other.yaml"))
    edit(tmp_path / "pyproject.toml", "[tool.specship]", '[tool.specship]\nprofile = "other"')

    assert "at profile rehearsal, which is none" in printed("--format", "json")


def test_a_table_for_terminals(judged: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(judged)
    monkeypatch.setenv("COLUMNS", "80")
    text = printed()

    assert text.startswith("SPEC-SMALL 1.0.0 at profile rehearsal\n")
    assert "AC-SMALL-001 (60)   GATE-SMALL-001" in text
    assert "criteria without a gate (1)\n  AC-SMALL-003 (specs/small/spec.yaml:9:10): It is known." in text
    assert "  own-defect (faults/own_defect.py): no gate has to catch it" in text
    assert "of those that come with specship: accumulation-by-default" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_complete_project_has_few_orphans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    monkeypatch.chdir(begin(tmp_path))
    found = _orphans(json.loads(printed("--format", "json", "--profile", "release")))

    assert found.keys() == {
        "gate-without-probe",
        "gate-without-fault",
        "probe-without-gate",
        "fault-without-gate",
    }
    assert found["gate-without-probe"] == {"GATE-DEMO-005"}


def test_a_damaged_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(make_project(tmp_path))
    ledger = tmp_path / ".specship/ledger"
    ledger.mkdir(parents=True)
    (ledger / ("a" * 64 + ".json")).write_text("{}")

    for form in ("text", "markdown", "json"):
        assert "its bytes are not the ones its name promises" in " ".join(
            printed("--format", form, status=1).split()
        )
    assert printed("--format", "csv", status=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--profile", "relese"), "write 'release'"), (("--profile", "../x"), "there is no profile")],
)
def test_unknown_profiles(
    words: tuple[str, ...], said: str, judged: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed
) -> None:
    monkeypatch.chdir(judged)

    assert said in printed(*words, status=2)


def test_outside_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(tmp_path)

    assert "specship init" in printed(status=2)


HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    '=HYPERLINK("http://x","y")',
    "a|b\n<script>",
    "\x1b[2J\r=1",
    "![x](http://x)",
)


def _hostile(text: str) -> Trace:
    row = TraceRow(
        model=text, criterion=text, weight=1, status=text, gate=text, blocking=False, place=text, verdict="PASS",
        fresh=True, armed=True, probe=text, faults=(text, text), evidence=text, ended=None,
    )  # fmt: skip
    orphan = Orphan(kind="probe-without-gate", name=text, place=text, said=text)
    return Trace(spec=text, version="1.0.0", profile="p", rows=(row,), orphans=(orphan,), problems=(text,))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(text: str) -> None:
    """What a spreadsheet would run is text in it, and every row has every column."""
    printed = trace_csv.render(_hostile(text))
    rows = list(csv.reader(io.StringIO(printed)))

    assert rows[0] == list(trace_csv.COLUMNS)
    assert {len(row) for row in rows} == {len(trace_csv.COLUMNS)}
    assert not [
        cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    ]
    assert "\x1b" not in printed


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_leaves_its_table(text: str) -> None:
    lines = trace_markdown.render(_hostile(text)).splitlines()
    table = [line for line in lines if line.startswith("| ")]

    assert len(table) == 3
    assert {line.replace("\\|", "").count("|") for line in table} == {11}
    assert not [line for line in lines if "<script>" in line or "![x](" in line or "\x1b" in line]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_steers_the_terminal(text: str) -> None:
    assert "\x1b" not in trace_text.render(_hostile(text), Display(width=100))
    assert "\r" not in trace_text.render(_hostile(text), Display(width=100))


def test_markdown_of_a_project(judged: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(judged)
    text = printed("--format", "markdown")

    assert (
        "| MODEL-1 | AC-SMALL-001 | 60 | STALE | GATE-SMALL-001 | small.documents | partial-ingest | PASS (stale) |"
        in text
    )
    assert (
        "## Criteria without a gate (1)\n\n- AC-SMALL-003 (specs/small/spec.yaml:9:10): It is known." in text
    )


def test_csv_of_a_project(judged: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed) -> None:
    monkeypatch.chdir(judged)
    rows = list(csv.DictReader(io.StringIO(printed("--format", "csv"))))

    assert (rows[0]["gate"], rows[0]["faults"], rows[0]["blocking"]) == (
        "GATE-SMALL-001",
        "partial-ingest",
        "true",
    )
    lonely = next(row for row in rows if row["orphan"] == "criterion-without-gate")
    assert (lonely["criterion"], lonely["gate"], lonely["said"]) == ("AC-SMALL-003", "", "It is known.")


def test_folders_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: Printed, capsys: pytest.CaptureFixture[str]
) -> None:
    """Probes and faults may lie outside of the project; they are named all the same."""
    monkeypatch.chdir(make_project(tmp_path / "here"))
    (tmp_path / "here/probes").rename(tmp_path / "probes")
    (tmp_path / "faults").mkdir()
    (tmp_path / "faults/own_defect.py").write_text('"""It is broken."""\n')
    edit(
        tmp_path / "here/pyproject.toml",
        'probes = "probes"',
        f'probes = "{tmp_path}/probes"\nfaults = "../faults"',
    )
    orphans = {o["name"]: o["place"] for o in json.loads(printed("--format", "json"))["orphans"]}

    assert orphans["small.broken"] == "../probes/small.py"
    assert orphans["own-defect"] == "../faults/own_defect.py"
    assert main(["explain", "small.documents"]) == 0
    assert main(["explain", "own-defect"]) == 0
    assert "own-defect (../faults/own_defect.py)" in capsys.readouterr().out
