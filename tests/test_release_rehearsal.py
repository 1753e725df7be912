"""The release rehearsal at its tiny scale, from end to end; what it extrapolates; and how it ends early."""

import importlib.util
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.places import ROOT, SOURCE

SCRIPT = ROOT / "benchmarks/release_rehearsal.py"


def rehearse(output: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "--scale", "tiny", "--output", output, *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release_rehearsal", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["release_rehearsal"] = module  # where dataclasses look
    spec.loader.exec_module(module)
    return module


def curve(floor: float, amplitude: float, power: float, error: float) -> list[dict[str, Any]]:
    """Evaluations of a run that follows the law exactly; the first is of random weights."""
    return [
        {
            "step": step,
            "tokens": step * 1000,
            "val_loss": floor + amplitude * step**-power if step else 10.0,
            "standard_error": error,
        }
        for step in (0, 100, 200, 300, 400, 500, 600)
    ]


def test_tokens_are_extrapolated_with_an_interval(script: ModuleType) -> None:
    found = script.needed(curve(1.0, 9.0, 0.3, 0.0001), 10, 2.2)
    truth = 1000 * (9.0 / 1.2) ** (1 / 0.3)

    assert found["low"] < truth < found["high"]
    assert found["tokens"] == pytest.approx(truth, rel=0.3)


@pytest.mark.parametrize(
    ("points", "warmup", "said"),
    [
        (curve(3.0, 9.0, 0.8, 0.001), 10, "level off above 2.2"),
        (curve(1.0, 9.0, 0.3, 0.5), 10, "level off|1000 times"),
        (curve(1.0, 9.0, 0.3, 0.001), 250, "4 evaluations after the warm-up"),
        (curve(3.0, 0.0, 0.3, 0.001), 10, "level off above 2.2"),
    ],
    ids=["floor-above", "noise", "too-few", "flat"],
)
def test_what_cannot_be_told_is_said(
    script: ModuleType, points: list[dict[str, Any]], warmup: int, said: str
) -> None:
    found = script.needed(points, warmup, 2.2)

    assert found["tokens"] is None
    assert re.search(said, found["why"])
    assert script.said(found).startswith("cannot be told")


def test_a_loss_that_the_run_has_reached_needs_no_law(script: ModuleType) -> None:
    found = script.needed(curve(1.0, 2.0, 0.3, 0.001), 10, 2.2)

    assert (found["tokens"], found["why"]) == (600_000, "reached in this run")


def test_what_is_lacking_is_said_at_once(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A machine with torch and transformers alone, before anything is tried."""
    there = script.version_of
    monkeypatch.setattr(script, "version_of", lambda name: None if name in {"rensa", "gguf"} else there(name))
    status = script.rehearse(script.Rehearsal("tiny", tmp_path / "out", 60.0, None))
    found = json.loads((tmp_path / "out/rehearsal.json").read_text())

    assert status == found["exit_status"] == 2
    assert "not installed: gguf, rensa (" in found["steps"][0]["reason"]
    assert "--no-index --find-links wheels gguf rensa" in found["steps"][0]["reason"]
    assert [one["status"] for one in found["steps"]] == ["failed", *["not done"] * 4]
    assert "figures" not in found
    assert "No gate is credited." in (tmp_path / "out/rehearsal.md").read_text()


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsal") / "out"
    done = rehearse(folder, "--text", str(SOURCE / "pipeline"))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def artifact(rehearsed: Path, stage: str) -> Path:
    place = rehearsed / "project/.specship/artifacts/MODEL-2/ten-minutes" / stage
    return place / str(json.loads((place / "current.json").read_text())["key"])


@pytest.mark.slow
def test_every_figure_is_that_of_a_file(rehearsed: Path) -> None:
    found = json.loads((rehearsed / "rehearsal.json").read_text())
    seen, run = found["figures"], artifact(rehearsed, "run")
    record = json.loads((run / "run.json").read_text())
    lines = [json.loads(line) for line in (run / "evaluations.jsonl").read_text().splitlines()]

    assert [one["status"] for one in found["steps"]] == ["done"] * 5
    assert (found["judge"]["status"], found["plan"]["steps"]) == ("completed", record["steps_done"])
    assert [(one["step"], one["val_loss"]) for one in seen["curve"]] == [
        (line["step"], line["val_loss"]) for line in lines
    ]
    assert seen["curve"][-1]["tokens"] == record["steps_done"] * record["tokens_per_step"]
    assert seen["curve"][-1]["val_loss"] < seen["curve"][0]["val_loss"] < 1.1 * math.log(512)
    assert 0 < seen["curve"][-1]["bits_per_byte"] < 8
    gguf = artifact(rehearsed, "gguf") / seen["gguf"]["file"]
    assert gguf.stat().st_size == seen["gguf"]["bytes"]
    assert seen["target"] == 2.2
    assert set(seen["gguf_read_back"]) == {"GATE-GGUF-001", "GATE-GGUF-002", "GATE-GGUF-003"}
    for stage in ("corpus", "tokenizer", "shards", "checkpoint", "speed", "parity"):
        assert artifact(rehearsed, stage).exists()


@pytest.mark.slow
def test_the_table_is_the_reports(rehearsed: Path) -> None:
    found = json.loads((rehearsed / "rehearsal.json").read_text())
    report = json.loads((rehearsed / "project/.specship/report.json").read_text())
    model = next(m for m in report["models"] if (m["model"], m["profile"]) == ("MODEL-2", "ten-minutes"))
    text = (rehearsed / "rehearsal.md").read_text()

    assert {one["id"]: one["status"] for one in found["figures"]["criteria"]} == {
        one["id"]: one["status"] for one in model["criteria"]
    }
    assert all(f"| {one['id']} | {one['status']} |" in text for one in model["criteria"])
    assert "| anything on a GPU | not measured |" in text
    assert "AC-SHIP2-008 | OPEN" in text
    assert f"{found['figures']['curve'][-1]['val_loss']:.4f}" in text


@pytest.mark.slow
def test_a_step_that_fails_ends_it_and_credits_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    done = rehearse(tmp_path / "out", "--text", str(tmp_path / "text"))
    found = json.loads((tmp_path / "out/rehearsal.json").read_text())

    assert done.returncode == found["exit_status"] == 1
    assert "stage corpus: no document among 0 files / why: " in found["steps"][1]["reason"]
    assert [one["status"] for one in found["steps"]] == ["done", "failed", *["not done"] * 3]
    assert "No gate is credited." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
def test_at_the_deadline_it_stops(tmp_path: Path) -> None:
    text = ("--text", str(SOURCE / "pipeline"))
    done = rehearse(tmp_path / "out", "--seconds", "1", *text)
    found = json.loads((tmp_path / "out/rehearsal.json").read_text())

    assert done.returncode == found["exit_status"] == 143
    assert "the deadline of 1 s came" in found["steps"][1]["reason"]
    assert "figures" not in found


@pytest.mark.slow
def test_the_project_of_the_release_scale_loads(script: ModuleType, tmp_path: Path) -> None:
    """On a machine without a GPU too, so that minutes on one are not spent on a profile that is wrong."""
    large = script.Rehearsal("release", tmp_path / "out", 60.0, None)
    script.make_project(large)
    script.write_profile(large, steps=400)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "ship", "contracts", "--specship-profile=ten-minutes", "--collect-only"],
        cwd=large.project, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "GATE-TRAIN-003" in done.stdout
    assert "steps: 400" in script.profile_path(large).read_text()
