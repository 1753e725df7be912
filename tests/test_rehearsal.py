"""The rehearsal as a new user runs it: real text, real training, real llama.cpp. Minutes, so `slow`."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT
from tests.projects.small_project import edit

PROFILE = "specs/ship-two-001/profiles/rehearsal.yaml"
UNTRAINED = "specs/ship-two-001/untrained.json"
STAGES = 24
"""Of both models; what one borrows is made once."""

pytestmark = pytest.mark.slow


def ship(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "ship", "contracts", *arguments],
        cwd=project, capture_output=True, text=True, check=False,
    )  # fmt: skip


def gates_of(project: Path, name: str = "MODEL-2") -> dict[str, dict[str, Any]]:
    report = json.loads((project / ".specship" / "report.json").read_text())
    model = next(m for m in report["models"] if (m["model"], m["profile"]) == (name, "rehearsal"))
    return {gate["id"]: gate for criterion in model["criteria"] for gate in criterion["gates"]} | {
        "MODEL": model
    }


def copy_of_project(folder: Path) -> Path:
    """What a fresh clone has: contracts, specs, and the committed records of gates that were seen to fail."""
    for name in ("contracts", "specs", "evidence"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copytree(ROOT / "tests/data", folder / "tests/data")
    return folder


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose training was interrupted by Ctrl-C once, and whose rehearsal then ran to its end."""
    project = copy_of_project(tmp_path_factory.mktemp("rehearsal"))
    first = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-m", "ship", "contracts"], cwd=project, stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    checkpoints = project / ".specship/artifacts/MODEL-2/rehearsal/run"
    deadline = time.monotonic() + 300
    while not list(checkpoints.glob("*.partial/checkpoints/step-000225")) and time.monotonic() < deadline:
        time.sleep(0.1)
    first.send_signal(signal.SIGINT)
    output, _ = first.communicate(timeout=120)
    (project / "interrupted.txt").write_text(f"{first.returncode}\n{output}")
    done = ship(project, "--junitxml", "junit.xml")
    (project / "output.txt").write_text(f"{done.returncode}\n{done.stdout}")
    return project


def test_ctrl_c_in_training_ends_with_130_and_no_traceback(rehearsed: Path) -> None:
    text = (rehearsed / "interrupted.txt").read_text()

    assert text.startswith("130\n")
    assert "Traceback" not in text


def test_the_next_run_continued_where_training_was(rehearsed: Path) -> None:
    """Not one step twice, none missing, and the events say where it went on."""
    run = next((rehearsed / ".specship/artifacts/MODEL-2/rehearsal/run").glob("*/train.jsonl")).parent
    steps = [json.loads(line)["step"] for line in (run / "train.jsonl").read_text().splitlines()]
    events = (run / "events.jsonl").read_text()

    assert steps == list(range(1, len(steps) + 1))
    assert "it was interrupted, and continues" in (rehearsed / "output.txt").read_text()
    assert "resumed" in events


@pytest.mark.parametrize("name", ["MODEL-1", "MODEL-2"])
def test_every_gate_that_can_be_judged_passes(name: str, rehearsed: Path) -> None:
    text = (rehearsed / "output.txt").read_text()
    gates = gates_of(rehearsed, name)
    model = gates.pop("MODEL")

    assert text.startswith("0\n"), text[-3000:]
    judged = [c for c in model["criteria"] if c["status"] != "NOT_JUDGED"]
    assert {gate["verdict"] for criterion in judged for gate in criterion["gates"]} == {"PASS"}
    assert {gate["verdict"] for gate in gates.values()} == {"PASS", "BLOCKED"}
    assert {c["status"] for c in model["criteria"]} == {"DISCHARGED", "NOT_JUDGED"}
    assert model["ship_percent"] == 100
    assert all(gate["checked"] != "nothing" for gate in gates.values() if gate["verdict"] == "PASS")
    assert all(gate["armed"] for gate in gates.values())


def test_a_second_run_makes_nothing_and_says_why(rehearsed: Path) -> None:
    done = ship(rehearsed)
    report = json.loads((rehearsed / ".specship" / "report.json").read_text())

    assert done.returncode == 0
    assert {stage["model"] for stage in report["stages"]} == {"MODEL-1", "MODEL-2"}
    assert len(report["stages"]) == STAGES
    assert all(stage["cached"] for stage in report["stages"])
    assert done.stdout.count("settings, inputs, code and packages are those of") == STAGES


def test_what_is_taken_over_descends_from_what_was_trained(rehearsed: Path) -> None:
    """Each link is a digest: from the published files of one model back to the corpus of the other."""
    artifacts = rehearsed / ".specship/artifacts"
    line = [
        ("MODEL-1", "readback", "publication"),
        ("MODEL-1", "publication", "gguf"),
        ("MODEL-1", "gguf", "checkpoint"),
        ("MODEL-1", "checkpoint", "foreign"),
        ("MODEL-2", "foreign", "checkpoint"),
        ("MODEL-2", "checkpoint", "run"),
        ("MODEL-2", "run", "shards"),
        ("MODEL-2", "shards", "corpus"),
    ]
    records = {}
    for model, stage, _ in [*line, ("MODEL-2", "corpus", "")]:
        folder = artifacts / model / "rehearsal" / stage
        key = json.loads((folder / "current.json").read_text())["key"]
        records[model, stage] = json.loads((folder / f"{key}.json").read_text())
    upstream = [*[(model, stage) for model, stage, _ in line[1:]], ("MODEL-2", "corpus")]

    for (model, stage, need), above in zip(line, upstream, strict=True):
        assert records[model, stage]["ingredients"]["inputs"][need] == records[above]["digest"]


@pytest.fixture(scope="module")
def untrained(rehearsed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The same project with a learning rate that moves nothing: a model that was never trained."""
    project = tmp_path_factory.mktemp("untrained") / "project"
    shutil.copytree(rehearsed, project)
    edit(project / PROFILE, "peak_learning_rate: 0.004", "peak_learning_rate: 0.000000000001")
    edit(project / PROFILE, "steps: 900", "steps: 200")
    edit(project / PROFILE, "evaluate_every: 225", "evaluate_every: 40")
    done = ship(project)
    assert done.returncode == 1, done.stdout[-3000:]
    return gates_of(project, "MODEL-1") | gates_of(project)


MEASURES_TRAINING = (
    "GATE-TRAIN-003", "GATE-TRAIN-007", "GATE-TRAIN-009", "GATE-GENERATION-001", "GATE-IMPORT-002",
)  # fmt: skip


@pytest.mark.parametrize("gate", MEASURES_TRAINING)
def test_an_untrained_model_fails(gate: str, untrained: dict[str, dict[str, Any]]) -> None:
    assert untrained[gate]["verdict"] == "FAIL"


@pytest.mark.parametrize(
    ("gate", "quantity"),
    [
        ("GATE-TRAIN-003", "val_loss"),
        ("GATE-TRAIN-003", "bigram_margin"),
        ("GATE-TRAIN-003", "margin_over_error"),
        ("GATE-TRAIN-007", "smallest_change"),
        ("GATE-TRAIN-009", "last_over_first"),
        ("GATE-GENERATION-001", "syntax_errors"),
        ("GATE-GENERATION-001", "prefix_valid"),
        ("GATE-IMPORT-002", "syntax_errors"),
    ],
)
def test_no_limit_on_training_is_one_that_an_untrained_model_meets(
    gate: str, quantity: str, untrained: dict[str, dict[str, Any]]
) -> None:
    measured = next(entry for entry in untrained[gate]["measured"] if entry["quantity"] == quantity)

    assert measured["holds"] is False, measured


def test_the_record_of_an_untrained_model_is_what_one_measures(untrained: dict[str, dict[str, Any]]) -> None:
    """Lint compares limits with the committed record, so it must say what a run says."""
    report = json.loads((ROOT / UNTRAINED).read_text())
    recorded = {
        gate["id"]: gate
        for model in report["models"]
        if model["profile"] == "rehearsal"
        for criterion in model["criteria"]
        for gate in criterion["gates"]
    }
    for gate in MEASURES_TRAINING:
        known = {entry["quantity"]: entry for entry in recorded[gate]["measured"]}
        today = {entry["quantity"]: entry for entry in untrained[gate]["measured"]}

        assert recorded[gate]["verdict"] == "FAIL"
        assert known.keys() == today.keys()
        assert [known[name]["holds"] for name in known] == [today[name]["holds"] for name in known]
    loss = {entry["quantity"]: entry["value"] for entry in recorded["GATE-TRAIN-003"]["measured"]}["val_loss"]
    now = {entry["quantity"]: entry["value"] for entry in untrained["GATE-TRAIN-003"]["measured"]}["val_loss"]

    assert abs(loss - now) < 0.1


def test_an_untrained_model_earns_neither_loss_nor_syntax(untrained: dict[str, dict[str, Any]]) -> None:
    statuses = {criterion["id"]: criterion["status"] for criterion in untrained["MODEL"]["criteria"]}

    assert statuses["AC-SHIP2-003"] == "FAILED"
    assert statuses["AC-SHIP2-007"] == "FAILED"
