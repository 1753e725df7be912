"""`pytest -m ship` as people use it, on a small project, in processes of its own."""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest

from specship.report.schema.documents import schema_of
from tests.processes import run_pytest as ship
from tests.processes import specship
from tests.projects.small_faults import arm_small
from tests.projects.small_project import edit, make_project, report_of, text

NODE = "contracts/small-v1.yaml::GATE-SMALL-001"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def armed(project: Path) -> None:
    """Its two gates were seen to fail on their faults, so that a pass of them counts."""
    arm_small(project)


CUDA_OVERRIDE = """overrides:
  GATE-SMALL-002: {reason: It needs a GPU., requires: {device: cuda}}
"""


def test_gates_are_tests_with_ids_and_marks(project: Path) -> None:
    """Collected straight from the YAML; -m takes ship, the stage, and the model."""
    done = ship(project, "--collect-only", "-q", "-m", "ship and corpus and MODEL-1")

    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "::" in line] == [
        f"contracts/small-v1.yaml::GATE-SMALL-00{n}" for n in (1, 2, 3)
    ]
    assert not (project / ".specship").exists()


EDITS = {
    # plain words: (file, old, new, names of the gates then)
    "a new id": ("contracts/small-v1.yaml", "GATE-SMALL-002", "GATE-SMALL-009", [1, 9, 3]),
    "another stage": ("contracts/small-v1.yaml", "stage: corpus", "stage: train", []),
    "another criterion": ("contracts/small-v1.yaml", "[AC-SMALL-003]", "[]", [1, 2]),
    "a device": ("specs/small/profiles/rehearsal.yaml", "pipeline:", CUDA_OVERRIDE + "pipeline:", [1, 3]),
    "another probe": ("probes/small.py", '"small.documents"', '"small.others"', None),
    "a fault that is no name": ("contracts/small-v1.yaml", "ship_blocking: true\n    probe",
                                "ship_blocking: true\n    falsified_by: [nobody-knows]\n    probe", None),
}  # fmt: skip


@pytest.mark.parametrize("case", EDITS, ids=lambda case: case.replace(" ", "-"))
def test_what_is_recalled_is_what_is_there(case: str, project: Path) -> None:
    """Gates are recalled from the session before, until any file they were read from changes."""
    collected = ("--collect-only", "-q", "-m", "ship and corpus and MODEL-1 and not cuda")
    first, second = ship(project, *collected), ship(project, *collected)
    assert first.stdout.split(" in ")[0] == second.stdout.split(" in ")[0]
    kept = next(project.glob(".pytest_cache/d/specship/collection.json"))
    assert "GATE-SMALL-002" in kept.read_text()

    name, old, new, numbers = EDITS[case]
    edit(project / name, old, new)
    third = ship(project, *collected)

    gates = [line.rpartition("-")[2] for line in third.stdout.splitlines() if "::GATE" in line]
    assert (gates or None) == ([f"00{number}" for number in numbers] if numbers else None)
    assert numbers is not None or third.returncode in {2, 4}


@pytest.mark.usefixtures("armed")
def test_a_gate_that_does_not_hold_fails_where_its_criterion_is_not_judged_too(project: Path) -> None:
    """What can be rehearsed of such a criterion is rehearsed in earnest; the percentage leaves it out."""
    edit(project / "contracts/small-v1.yaml", "at_least: 100", "at_least: 100000000")
    profile = project / "specs/small/profiles/rehearsal.yaml"
    profile.write_text(
        profile.read_text() + "not_judged: {AC-SMALL-002: too small, AC-SMALL-003: too early}\n"
    )
    done = ship(project, "-m", "ship", "--specship-report=.specship/report.json")
    model = report_of(project)["models"][0]

    assert done.returncode == 1
    assert "1 failed, 1 passed, 1 skipped" in done.stdout
    assert re.search(r"GATE-SMALL-002 +FAIL +characters", done.stdout)
    assert "GATE-SMALL-003 " not in done.stdout.partition("MODEL-1 at profile")[2]
    assert [criterion["status"] for criterion in model["criteria"]] == [
        "DISCHARGED",
        "NOT_JUDGED",
        "NOT_JUDGED",
    ]
    assert model["ship_percent"] == 100


def test_a_forged_collection_hides_no_gate(project: Path) -> None:
    """What is recalled only names tests: the report counts from the contracts, and says what did not run."""
    ship(project, "--collect-only", "-q")
    kept = next(project.glob(".pytest_cache/d/specship/collection.json"))
    forged = json.loads(kept.read_text())
    answer = json.loads(forged["answer"])
    del answer[1]["contracts/small-v1.yaml"][2][1]
    forged["answer"] = json.dumps(answer)
    forged["sha256"] = hashlib.sha256(forged["answer"].encode()).hexdigest()
    kept.write_text(json.dumps(forged))
    done = ship(project, "-m", "ship", "--ship-strict")

    assert done.returncode == 1
    assert "1 of 3 gates were not run in this session" in done.stdout


def test_gates_that_were_never_seen_to_fail_earn_nothing(project: Path) -> None:
    done = ship(project, "-m", "ship", "--specship-report=.specship/report.json")
    model = report_of(project)["models"][0]

    assert "2 passed, 1 skipped" in done.stdout
    assert model["ship_percent"] == 0
    assert [criterion["status"] for criterion in model["criteria"]] == ["OPEN", "OPEN", "OPEN"]
    assert "GATE-SMALL-001 is not armed: it names no fault" in model["criteria"][0]["reasons"][0]


@pytest.mark.usefixtures("armed")
def test_an_edited_fault_takes_the_credit_of_its_gates(project: Path) -> None:
    """The evidence stays fresh and the gate passes: it is the arming that is stale."""
    ship(project, "-m", "ship")
    assert status_percent(project) == 90.0
    edit(project / "faults/texts_gone.py", '"text": ""', '"text": "x"')

    assert status_percent(project) == 60.0
    assert freshness(project) == [True, True]
    done = specship("explain", "AC-SMALL-002", folder=project)
    assert done.returncode == 0
    assert "the fault texts-gone changed since it was seen to fail" in " ".join(done.stdout.split())
    assert "pytest -m falsify -k GATE-SMALL-002" in " ".join(done.stdout.split())


@pytest.mark.usefixtures("armed")
def test_ship_measures_reports_and_remembers(project: Path) -> None:
    """First run: measured. Second run: nothing runs again, and it says why. Same facts in every report."""
    first = ship(project, "-m", "ship", "--junitxml", "junit.xml")
    report = report_of(project)
    model = report["models"][0]

    assert first.returncode == 0, first.stdout
    assert "2 passed, 1 skipped" in first.stdout
    assert (model["model"], model["profile"], model["ship_percent"]) == ("MODEL-1", "rehearsal", 90.0)
    assert [c["status"] for c in model["criteria"]] == ["DISCHARGED", "DISCHARGED", "OPEN"]
    gate = model["criteria"][0]["gates"][0]
    assert (gate["verdict"], gate["fresh"], gate["armed"], gate["cached"]) == ("PASS", True, True, False)
    assert gate["measured"][0]["limit"] == "≥ 10 documents"
    assert re.fullmatch("[0-9]+ documents", gate["checked"])
    assert report["models"][1] | {"criteria": []} == {
        "model": "MODEL-1", "profile": "release", "kind": "release", "ship_percent": 0.0,
        "ceiling_percent": 90.0, "criteria": [],
    }  # fmt: skip
    assert (project / report["stages"][0]["path"] / "manifest.json").is_file()
    assert "rehearsed 90 %" in first.stdout
    assert "MODEL-1 at rehearsal: 90 %" in (project / ".specship" / "report.md").read_text()
    cases = ET.parse(project / "junit.xml").getroot().iter("testcase")  # noqa: S314 - our own file
    properties = {c.get("name"): {p.get("name"): p.get("value") for p in c.iter("property")} for c in cases}
    assert properties["GATE-SMALL-002"]["verdict"] == "PASS"
    assert properties["GATE-SMALL-002"]["criteria"] == "AC-SMALL-002"
    assert properties["GATE-SMALL-003"]["verdict"] == "UNBOUND"

    second = ship(project, "-m", "ship")

    assert second.returncode == 0
    assert "cached" in second.stdout
    assert "settings, inputs, code and packages are those of" in second.stdout
    again = report_of(project)
    assert [stage["cached"] for stage in again["stages"]] == [True]
    assert again["models"][0]["criteria"][0]["gates"][0]["cached"] is True
    assert again["models"][0]["ship_percent"] == 90.0
    assert len(list((project / ".specship" / "ledger").glob("*.json"))) == 2


@pytest.mark.usefixtures("armed")
def test_status_agrees_with_the_session(project: Path) -> None:
    ship(project, "-m", "ship")
    done = specship("status", "--format", "json", folder=project)
    assert done.returncode == 0
    status = json.loads(done.stdout)
    jsonschema.validate(status, schema_of("report"))

    assert [(m["profile"], m["ship_percent"]) for m in status["models"]] == [
        ("rehearsal", 90.0),
        ("release", 0.0),
    ]


def test_a_failing_gate_is_a_failing_test(project: Path) -> None:
    """It shows rule, figure, limit and place, and exits with 1."""
    edit(
        project / "contracts/small-v1.yaml",
        "at_least: 10, unit: documents",
        "at_least: 1000, unit: documents",
    )
    done = ship(project, "-m", "ship")

    assert done.returncode == 1
    assert "contracts/small-v1.yaml:6:5: FAIL GATE-SMALL-001" in done.stdout
    assert re.search(r"documents [0-9]+ \(≥ 1 000\) ← does not hold", done.stdout)
    assert report_of(project)["models"][0]["criteria"][0]["status"] == "FAILED"


def test_a_narrow_terminal_without_the_signs_reads_all_of_it(project: Path) -> None:
    """As in a CI job on Windows: lists in place of the table, signs that the stream has, no line escaped."""
    edit(project / "contracts/small-v1.yaml", "at_least: 10, unit", "at_least: 1000, unit")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "ship"], cwd=project, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "COLUMNS": "40"},
    )  # fmt: skip
    shown = done.stdout.decode("cp1252")
    summary = shown.partition(" specship ====")[2].splitlines()[1:]

    assert (done.returncode, done.stderr) == (1, b"")
    assert re.search(r"documents [0-9]+ \(>= 1 000\) <- does not hold", shown)
    assert "\\n" not in shown
    assert "\\u" not in shown
    assert "  GATE-SMALL-002 PASS" in summary
    wide = [line for line in summary[: summary.index("SPEC-SMALL 1.0.0")] if len(line) > 41]
    assert wide == []  # a sign that is drawn may take a column more


def test_workers_that_cannot_be_told_the_path_are_not_asked(tmp_path: Path) -> None:
    """Without them the same folder is no trouble."""
    project = make_project(tmp_path / os.fsdecode(b"pr\xe9"))
    refused = ship(project, "-m", "ship", "-n", "2")
    fine = ship(project, "--collect-only", "-m", "ship")

    assert (refused.returncode, fine.returncode) == (pytest.ExitCode.USAGE_ERROR, 0)
    assert "leave -n out, or rename the folder" in refused.stderr


@pytest.mark.usefixtures("armed")
def test_a_changed_limit_makes_evidence_stale(project: Path) -> None:
    ship(project, "-m", "ship")
    edit(
        project / "contracts/small-v1.yaml", "at_least: 10, unit: documents", "at_least: 11, unit: documents"
    )
    edit(project / "contracts/small-v1.yaml", "The corpus is large.", "The corpus is large, in other words.")
    done = specship("status", folder=project)
    assert done.returncode == 0

    assert "STALE" in done.stdout
    assert "rehearsed 30 %" in done.stdout


@pytest.mark.usefixtures("armed")
def test_a_changed_probe_makes_evidence_stale_and_a_comment_does_not(project: Path) -> None:
    ship(project, "-m", "ship")
    measured = sorted((project / ".specship/ledger").iterdir())
    probe = project / "probes/small.py"
    probe.write_text(probe.read_text().replace("    lines =", "    # a remark\n    lines ="))
    assert ship(project, "-m", "ship").returncode == 0
    assert sorted((project / ".specship/ledger").iterdir()) == measured
    edit(probe, '"documents": len(lines)', '"documents": 12')
    done = specship("status", folder=project)
    assert done.returncode == 0

    assert "rehearsed 0 %" in done.stdout


@pytest.mark.usefixtures("armed")
def test_a_touched_artifact_earns_nothing_and_is_made_again(project: Path) -> None:
    ship(project, "-m", "ship")
    path = project / report_of(project)["stages"][0]["path"] / "train.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    status = specship("status", folder=project)
    assert "rehearsed 0 %" in status.stdout
    done = ship(project, "-m", "ship")

    assert done.returncode == 0
    assert "its manifest says" in done.stdout
    assert "rehearsed 90 %" in done.stdout


def test_a_changed_text_makes_the_corpus_again(project: Path) -> None:
    ship(project, "-m", "ship")
    (project / "texts" / "more.py").write_text(text(999))
    done = ship(project, "-m", "ship")

    assert report_of(project)["stages"][0]["cached"] is False, done.stdout


@pytest.mark.usefixtures("armed")
@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("small.broken", "RuntimeError: this probe is broken"),
        ("small.killed", "the judge's process ended with status -9"),
        ("small.meddles", "corpus changed while it was measured"),
    ],
)
def test_what_could_not_be_measured_is_an_error(probe: str, said: str, project: Path) -> None:
    """The session goes on, exits with 2, and the other gate is judged all the same."""
    contract = project / "contracts/small-v1.yaml"
    contract.write_text(contract.read_text().replace("small.documents", probe, 1))
    done = ship(project, "-m", "ship")
    criteria = report_of(project)["models"][0]["criteria"]

    assert done.returncode == 2
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert criteria[0]["gates"][0]["verdict"] == "ERROR"
    assert criteria[0]["status"] == ("STALE" if probe == "small.meddles" else "FAILED")
    if probe != "small.meddles":
        assert criteria[1]["status"] == "DISCHARGED"


@pytest.mark.usefixtures("armed")
def test_a_missing_requirement_blocks(project: Path) -> None:
    """CUDA where there is none: BLOCKED, never passed; under --ship-strict a failure."""
    from specship.evidence.environment import cuda_devices

    if cuda_devices():
        pytest.skip(reason="this machine has what the test needs to be missing")
    edit(project / "contracts/small-v1.yaml", "    probe: small.documents\n    expect:\n      documents",
         "    requires: {device: cuda}\n    probe: small.documents\n    expect:\n      documents")  # fmt: skip
    lenient, strict = ship(project, "-m", "ship"), ship(project, "-m", "ship", "--ship-strict")
    model = report_of(project)["models"][0]

    assert (lenient.returncode, strict.returncode) == (0, 1)
    assert model["criteria"][0]["status"] == "BLOCKED"
    assert model["ship_percent"] == 30.0
    assert ship(project, "--collect-only", "-q", "-m", "cuda").stdout.count("::") == 1


def test_a_missing_corpus_blocks(project: Path) -> None:
    edit(project / "specs/small/profiles/rehearsal.yaml", "path: texts", "path: nowhere")
    done = ship(project, "-m", "ship", "-rs")

    assert done.returncode == 0
    assert report_of(project)["models"][0]["criteria"][0]["status"] == "BLOCKED"
    assert "nowhere" in done.stdout


@pytest.mark.usefixtures("armed")
def test_rehearsal_evidence_never_counts_for_release(project: Path) -> None:
    """Not even when the settings and the bytes are the same, and the name is changed in the statement."""
    ship(project, "-m", "ship")
    done = ship(project, "-m", "ship", "--specship-profile", "release")
    percents = {m["profile"]: m["ship_percent"] for m in report_of(project)["models"]}

    assert percents == {"rehearsal": 90.0, "release": 0.0}
    assert done.returncode == 1
    assert "no key that counts at this profile signed it" in done.stdout


@pytest.mark.usefixtures("armed")
def test_fail_under(project: Path) -> None:
    assert ship(project, "-m", "ship", "--ship-fail-under", "90").returncode == 0
    done = ship(project, "-m", "ship", "--ship-fail-under", "91")

    assert done.returncode == 1
    assert "ship 90 % is under 91 %" in done.stdout


def test_narrowing_is_announced(project: Path) -> None:
    """-k and node ids work as in any suite, and what was left out is said."""
    one = ship(project, "-m", "ship", "-k", "GATE-SMALL-001")
    assert one.returncode == 0
    assert "2 of 3 gates were not run in this session" in one.stdout
    assert ship(project, NODE, "--ship-strict").returncode == 1


def test_last_failed_runs_what_failed(project: Path) -> None:
    edit(
        project / "contracts/small-v1.yaml",
        "at_least: 10, unit: documents",
        "at_least: 1000, unit: documents",
    )
    ship(project, "-m", "ship")
    done = ship(project, "-m", "ship", "--lf")

    assert "1 failed in" in done.stdout


@pytest.mark.usefixtures("armed")
def test_two_workers_make_each_artifact_once(project: Path) -> None:
    done = ship(project, "-m", "ship", "-n", "2")
    report = report_of(project)

    assert done.returncode == 0, done.stdout
    assert report["models"][0]["ship_percent"] == 90.0
    assert len(list((project / ".specship" / "ledger").glob("*.json"))) == 2
    assert len(list((project / ".specship/artifacts/MODEL-1/rehearsal/corpus").glob("*.log"))) == 1


FAULTS = {
    # plain words: (file, old, new, text that is shown)
    "broken YAML": (
        "contracts/small-v1.yaml",
        "gates:",
        "gates: [",
        "contracts/small-v1.yaml:6:3 SHIP104 not YAML",
    ),
    "unknown probe": (
        "contracts/small-v1.yaml",
        "small.documents",
        "small.docments",
        "mend: write 'small.documents'",
    ),
    "wrong unit": ("contracts/small-v1.yaml", "unit: documents", "unit: files", "measures it in 'documents'"),
    "unknown quantity": ("contracts/small-v1.yaml", "characters:", "charcters:", "write 'characters'"),
    "unknown criterion": (
        "contracts/small-v1.yaml",
        "AC-SMALL-002",
        "AC-SMALL-022",
        "the nearest is 'AC-SMALL-002'",
    ),
    "unknown setting": ("specs/small/profiles/rehearsal.yaml", "licence:", "license:", "write 'licence'"),
    "unknown section": (
        "specs/small/profiles/rehearsal.yaml",
        "corpus:",
        "corpse:",
        "the nearest is 'corpus'",
    ),
    "weights": ("specs/small/spec.yaml", "weight: 60", "weight: 61", "add up to 101"),
    "configuration": ("pyproject.toml", "probes =", "prober =", "probes"),
    "no such profile": (
        "pyproject.toml",
        'probes = "probes"',
        'probes = "probes"\nprofile = "rehersal"',
        "rehearsal",
    ),
    "version": (
        "specs/small/amendments/0001-begin.yaml",
        "after: 0.0.0",
        "after: 3.0.0",
        "write `after: 0.0.0`",
    ),
}


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.replace(" ", "-"))
def test_bad_input_is_located_and_ends_nothing_badly(case: str, project: Path) -> None:
    """No traceback, a place and a mend; pytest stops as it does for a broken test file, status with 2."""
    name, old, new, said = FAULTS[case]
    path = project / name
    path.write_text(path.read_text().replace(old, new, 1))
    done = ship(project, "-m", "ship")
    status = specship("status", folder=project)

    assert (done.returncode in {2, 4}, status.returncode) == (True, 2)
    for output in (done.stdout + done.stderr, status.stderr):
        assert said in output
        assert "Traceback" not in output
    assert not (project / ".specship").exists()


def test_ctrl_c_ends_with_130_and_the_next_run_continues(project: Path) -> None:
    """While a stage runs: its child is stopped, nothing half-made stays under a final name."""
    for number in range(30, 2500):
        (project / "texts" / f"file_{number}.py").write_text(text(number))
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-m", "ship"], cwd=project, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    folder = project / ".specship/artifacts/MODEL-1/rehearsal/corpus"
    deadline = time.monotonic() + 60
    while not list(folder.glob("*.partial")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGINT)
    output, _ = running.communicate(timeout=60)

    assert running.returncode == 130, output
    assert "Traceback" not in output
    assert not list(folder.glob("*.json"))
    assert ship(project, "-m", "ship").returncode == 0


def test_a_foreign_suite_notices_nothing(tmp_path: Path) -> None:
    """Without [tool.specship]: no marker, no summary, nothing of ours imported but the plugin itself."""
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "small-v1.yaml").write_text("not: ours\n")
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_it():\n"
        "    assert [n for n in sys.modules if n.startswith('specship')] == ['specship', 'specship.pytest_plugin']\n"
        "    assert 'torch' not in sys.modules and 'yaml' not in sys.modules and 'pydantic' not in sys.modules\n"
    )
    # A process that has imported nothing before.
    command = [sys.executable, "-m", "pytest", "-q"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "specship" not in done.stdout
    assert "GATE" not in ship(tmp_path, "--markers").stdout
    assert not (tmp_path / ".specship").exists()


def test_a_suite_beside_contracts_runs_as_ever(project: Path) -> None:
    (project / "test_it.py").write_text("def test_it():\n    pass\n")
    done = ship(project, "-m", "not ship")

    assert "1 passed, 3 deselected" in done.stdout
    assert not (project / ".specship").exists()


@pytest.mark.usefixtures("armed")
@pytest.mark.parametrize("bytes_a_file", [3_000, 12_000])
def test_a_full_disk_is_said_and_the_next_run_continues(bytes_a_file: int, project: Path) -> None:
    """The kernel refuses longer files: neither corpus nor report fits, then the corpus alone does not."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "ship", "-p", "no:cacheprovider"], cwd=project,
        capture_output=True, text=True, check=False,
        # Else Python itself would leave compiled modules cut off at that length.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, bytes_a_file)),
    )  # fmt: skip

    assert done.returncode == 2, done.stdout
    assert "cannot write: File too large" in done.stdout
    assert "free some space" in done.stdout
    assert "Traceback" not in done.stdout
    assert ship(project, "-m", "ship").returncode == 0
    assert report_of(project)["models"][0]["ship_percent"] == 90.0


def test_a_stage_whose_output_vanished_is_made_again(project: Path) -> None:
    ship(project, "-m", "ship")
    shutil.rmtree(project / report_of(project)["stages"][0]["path"])
    done = ship(project, "-m", "ship")

    assert done.returncode == 0
    assert report_of(project)["stages"][0]["cached"] is False


def status_percent(project: Path) -> float:
    done = specship("status", "--format", "json", folder=project)
    return float(json.loads(done.stdout)["models"][0]["ship_percent"])


def freshness(project: Path) -> list[bool]:
    """Of the two measured gates."""
    done = specship("status", "--format", "json", folder=project)
    criteria = json.loads(done.stdout)["models"][0]["criteria"]
    return [criterion["gates"][0]["fresh"] for criterion in criteria[:2]]


def test_code_that_a_probe_imports_counts_as_its_code(project: Path) -> None:
    (project / "probes" / "counting.py").write_text("def count(lines):\n    return len(lines)\n")
    edit(project / "probes/small.py", '"documents": len(lines)', '"documents": count(lines)')
    edit(
        project / "probes/small.py",
        "import json",
        "import json\nfrom specship_project_probes.counting import count",
    )
    assert ship(project, "-m", "ship").returncode == 0
    assert freshness(project) == [True, True]
    edit(project / "probes/counting.py", "len(lines)", "0")

    assert freshness(project) == [False, False]


def test_a_probe_file_that_patches_others_takes_its_credit_with_it(project: Path) -> None:
    """While it is there it can lie; once it is gone, nothing measured beside it counts."""
    patch = project / "probes" / "zz.py"
    patch.write_text(
        "from specship.probes import registry\nhonest = registry.Probe.__call__\n\n"
        "def lie(self, artifacts):\n    found = honest(self, artifacts)\n    return found\n\nregistry.Probe.__call__ = lie\n"
    )
    ship(project, "-m", "ship")
    assert freshness(project) == [True, True]
    patch.unlink()

    assert freshness(project) == [False, False]


def test_a_forged_compiled_probe_is_not_run(project: Path) -> None:
    """The code that measures is compiled from the characters that were digested."""
    import importlib.util
    import py_compile

    source = project / "probes" / "small.py"
    forged = project / "forged.py"
    forged.write_text(source.read_text().replace("len(lines)", "999999"))
    compiled = importlib.util.cache_from_source(str(source))
    py_compile.compile(
        str(forged), cfile=compiled, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    ship(project, "-m", "ship")
    gate = report_of(project)["models"][0]["criteria"][0]["gates"][0]

    assert gate["measured"][0]["value"] < 1000


@pytest.mark.usefixtures("armed")
def test_settings_that_changed_since_the_artifact_was_made_earn_nothing(project: Path) -> None:
    ship(project, "-m", "ship")
    edit(project / "specs/small/profiles/rehearsal.yaml", "heldout_fraction: 0.2", "heldout_fraction: 0.4")

    assert status_percent(project) == 0.0


@pytest.mark.usefixtures("armed")
def test_a_damaged_statement_takes_all_credit(project: Path) -> None:
    """Else a failure could be made to vanish by cutting its file short."""
    ship(project, "-m", "ship")
    next((project / ".specship" / "ledger").glob("*.json")).write_text("")

    assert status_percent(project) == 0.0


@pytest.mark.usefixtures("armed")
def test_a_folder_without_its_manifest_is_made_again(project: Path) -> None:
    """A crash between the two, or a manifest that somebody deleted."""
    ship(project, "-m", "ship")
    folder = project / report_of(project)["stages"][0]["path"]
    folder.with_suffix(".json").unlink()
    done = ship(project, "-m", "ship")

    assert done.returncode == 0, done.stdout
    assert report_of(project)["models"][0]["ship_percent"] == 90.0


@pytest.mark.parametrize("place", ["contracts/deeper/other-v1.yaml", "contracts/other-v1.yml"])
def test_a_contract_that_would_not_be_read_is_refused(place: str, project: Path) -> None:
    (project / place).parent.mkdir(exist_ok=True)
    (project / place).write_text((project / "contracts/small-v1.yaml").read_text())
    done = ship(project, "-m", "ship")

    assert done.returncode == 2
    assert "a contract that would not be read" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("test_it.py", "--ship-strict"),
        ("test_it.py", "--ship-fail-under", "1"),
        ("-m", "ship", "--ship-fail-under", "nan"),
        ("-m", "ship", "--ship-fail-under", "101"),
    ],
    ids=str,
)
def test_a_demand_is_never_met_by_running_nothing(arguments: tuple[str, ...], project: Path) -> None:
    (project / "test_it.py").write_text("def test_it():\n    pass\n")

    assert ship(project, *arguments).returncode != 0


def test_a_demand_in_a_project_without_specship_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")

    assert ship(tmp_path, "--ship-strict").returncode == 4


HOSTILE = {
    # plain words: (file, content), each of which once ended in a traceback
    "a tool that is no table": ("pyproject.toml", 'tool = "tool.specship"\n'),
    "deep TOML": ("pyproject.toml", "specship = " + "[" * 5000 + "]" * 5000),
    "a NUL in a path": ("pyproject.toml", '[tool.specship]\nspec = "a\\u0000b"\n'),
    "a version of many digits": ("specs/small/amendments/0001-begin.yaml",
                                 f"bump: major\nafter: {'9' * 5000}.0.0\nwhy: w\nchanges: [{{id: a, what: b}}]\n"),
    "a probe file that exits": ("probes/bad.py", "import sys\nsys.exit(0)\n"),
    "a probe file that is no Python": ("probes/bad.py", "def (:\n"),
    "control characters": ("specs/small/amendments/0002-x.yaml", 'bump: patch\nafter: 1.0.0\nwhy: "\\e[2J"\n'),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.replace(" ", "-"))
def test_hostile_files_are_refused_without_a_traceback(case: str, project: Path) -> None:
    name, content = HOSTILE[case]
    (project / name).write_text(content)
    status = specship("status", folder=project)

    assert status.returncode == 2, status.stdout + status.stderr
    assert "Traceback" not in status.stderr
    assert status.stderr.strip()


@pytest.mark.parametrize("name", ["ledger", "artifacts", "keys/local.ed25519"])
def test_a_state_folder_in_disorder_is_said(name: str, project: Path) -> None:
    """A file where a folder has to be, or the other way round: a text with a mend, never a traceback."""
    path = project / ".specship" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if "." in name:
        path.mkdir()
    else:
        path.write_text("in the way")
    done = ship(project, "-m", "ship")

    assert done.returncode in {1, 2}
    assert "Traceback" not in done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout


def test_without_capture_stages_still_show_their_progress(project: Path) -> None:
    done = ship(project, "-m", "ship", "-p", "no:capture")

    assert done.returncode == 0, done.stdout
    assert "corpus  started" in done.stdout


def test_an_inline_table_configures_too(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool]\nspecship = {spec = "specs/small", probes = "probes"}\n')

    assert ship(project, "-m", "ship", "--collect-only", "-q").stdout.count("GATE-SMALL") == 3
