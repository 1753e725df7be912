"""Sessions in trouble: wrong files, missing things, a full disk, Ctrl-C. Told, and nothing lost."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import run_pytest as ship
from tests.processes import specship
from tests.projects.small_project import edit, report_of, text


@pytest.mark.usefixtures("armed")
@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("small.broken", "RuntimeError: this probe is broken"),
        ("small.killed", "the process that measured ended with status -9"),
        ("small.meddles", "small.meddles was stopped: it opens"),
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
    assert [criterion["status"] for criterion in criteria[:2]] == ["FAILED", "DISCHARGED"]


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
        "nearest is 'AC-SMALL-002'",
    ),
    "unknown setting": ("specs/small/profiles/rehearsal.yaml", "licence:", "license:", "write 'licence'"),
    "unknown section": ("specs/small/profiles/rehearsal.yaml", "corpus:", "corpse:", "nearest is 'corpus'"),
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


@pytest.mark.usefixtures("armed")
@pytest.mark.parametrize("bytes_a_file", [3_000, pytest.param(12_000, marks=pytest.mark.slow)])
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


@pytest.mark.parametrize("place", ["contracts/deeper/other-v1.yaml", "contracts/other-v1.yml"])
def test_a_contract_that_would_not_be_read_is_refused(place: str, project: Path) -> None:
    (project / place).parent.mkdir(exist_ok=True)
    (project / place).write_text((project / "contracts/small-v1.yaml").read_text())
    done = ship(project, "-m", "ship")

    assert done.returncode == 2
    assert "a contract in a file that nobody reads" in done.stdout


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
