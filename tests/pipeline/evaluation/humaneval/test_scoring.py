"""Whole evaluations: counted, continued after a kill, and an error where the sandbox is broken."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.errors import DamagedArtifact, RequirementMissing, SpecshipError, UnusableInput
from specship.pipeline.evaluation.humaneval.problems import (
    CompletionFile,
    ProblemFile,
    read_completions,
    read_problems,
)
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.process import NAMESPACES, RLIMITS
from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, choose_level, score
from specship.pipeline.evaluation.humaneval.verdicts import Score
from tests.places import HUMANEVAL

WRONG = "    return None\n"


def write(path: Path, *records: Any) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def published(count: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(HUMANEVAL.read_bytes()).splitlines()[:count]]


def prepared(folder: Path, problems: int = 3, times: int = 2) -> tuple[ProblemFile, CompletionFile]:
    """Problems, and for each of them a right completion so many times, then a wrong one."""
    records = published(problems)
    right = [{"task_id": r["task_id"], "completion": r["canonical_solution"]} for r in records]
    wrong = [{"task_id": r["task_id"], "completion": WRONG} for r in records]
    found = read_problems(write(folder / "problems.jsonl", *records))
    return found, read_completions(write(folder / "completions.jsonl", *(right * times), *wrong), found)


def run(folder: Path, settings: ScoringSettings, **given: Any) -> Score:
    return score(*prepared(folder), settings, **given)


def test_outcomes_are_counted_and_pass_at_k_has_no_bias(tmp_path: Path, level: str) -> None:
    report = run(tmp_path, ScoringSettings(level=level)).as_json()

    assert [report[key] for key in ("problems", "samples", "passed", "failed", "infrastructure_errors")] == [
        3,
        9,
        6,
        3,
        0,
    ]
    assert report["error"] == ""
    assert report["pass_at"] == {"1": pytest.approx(2 / 3)}
    assert [r["outcome"] for r in report["results"]] == ["passed"] * 6 + ["failed:assertion"] * 3
    assert [r["index"] for r in report["results"]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert report["sandbox"]["level"] == level
    assert report["sandbox"]["canaries"] >= 2
    assert report["sandbox"]["limits"]["cpu_seconds"] == 3


def test_a_release_refuses_the_weakest_level(tmp_path: Path) -> None:
    """It scores, and says that no release may count it."""
    report = run(tmp_path, ScoringSettings(level=RLIMITS)).as_json()

    assert report["passed"] == 6
    assert report["sandbox"]["fit_for_release"] is False


@pytest.mark.parametrize(
    ("limits", "reason"),
    [(Limits(descriptors=1 << 40), "came out as infra"), (Limits(calls=0), "came out as failed:protocol")],
    ids=["never ready", "ready and broken"],
)
def test_a_broken_sandbox_is_an_error_and_no_bad_model(
    tmp_path: Path, level: str, limits: Limits, reason: str
) -> None:
    report = run(tmp_path, ScoringSettings(level=level, limits=limits)).as_json()

    assert report["infrastructure_errors"] == 9
    assert report["failed"] == 0
    assert reason in report["error"]
    assert report["pass_at"] == {}


def test_a_fault_of_the_problem_file_is_told_on_the_screen(
    tmp_path: Path, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, and nothing of it is the model's; keys that are not read are told too."""
    problem, other = published(2)
    write(tmp_path / "problems.jsonl", {**problem, "test": "x = 1", "source": "own"}, other)
    right = [{"task_id": r["task_id"], "completion": r["canonical_solution"]} for r in (problem, other)]
    write(tmp_path / "completions.jsonl", *right)
    files = [f"--{name}={tmp_path / name}.jsonl" for name in ("problems", "completions")]

    assert main(["eval", "humaneval", *files, "--level", level]) == 1
    text = capsys.readouterr().out
    reason = "the problem file is at fault: its tests define no `check`"
    assert f"  not scored: 1 x {reason}\n" in text
    assert f"ERROR     1 of 2 samples could not be scored: {reason}\n" in text
    assert "note      not read in the problems: source\n" in text
    assert "read      2 x as given, behind the prompt\n" in text


def test_no_level_is_chosen_where_none_works() -> None:
    with pytest.raises(RequirementMissing, match="cannot be contained"):
        choose_level(Limits(descriptors=1 << 40))


def test_a_problem_without_completion_takes_the_figure(tmp_path: Path, level: str) -> None:
    """Else a model could leave out what it cannot do."""
    problems, completions = prepared(tmp_path)
    some = CompletionFile(tuple(s for s in completions.samples if s.task_id != "HumanEval/1"), "0" * 64)

    assert score(problems, some, ScoringSettings(level=level)).as_json()["pass_at"] == {}


def test_a_completion_beyond_the_bound_fails(tmp_path: Path, level: str) -> None:
    problems, _ = prepared(tmp_path, problems=1)
    long = {"task_id": "HumanEval/0", "completion": "    return 1" + " " * (64 << 10)}
    completions = read_completions(write(tmp_path / "long.jsonl", long), problems)

    assert (
        score(problems, completions, ScoringSettings(level=level)).as_json()["results"][0]["outcome"]
        == "failed:load"
    )


def test_shards_are_all_samples_once(tmp_path: Path, level: str) -> None:
    parts = [run(tmp_path, ScoringSettings(level=level, shard=(n, 2))).outcomes for n in (1, 2)]

    assert {*parts[0], *parts[1]} == {sample.key for sample in prepared(tmp_path)[1].samples}
    assert not {*parts[0]} & {*parts[1]}


def plain(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in result.items() if key != "seconds"} for result in results]


def test_a_killed_evaluation_continues_at_the_first_unscored_sample(tmp_path: Path, level: str) -> None:
    problems, completions = prepared(tmp_path, problems=20, times=3)
    out = tmp_path / "outcomes.jsonl"
    command = [sys.executable, "-m", "specship", "eval", "humaneval", "--level", level, "--out", str(out)]
    command = [
        sys.executable,
        "-c",
        "import sys; from specship.cli import main; sys.exit(main())",
        *command[3:],
    ]
    command += [
        "--problems",
        str(tmp_path / "problems.jsonl"),
        "--completions",
        str(tmp_path / "completions.jsonl"),
    ]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while child.poll() is None and (not out.exists() or out.read_bytes().count(b"\n") < 12):
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()
    before = out.read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    out.write_bytes(whole + b'{"task_id": "HumanEval/1')  # what a kill inside a write leaves

    continued = score(problems, completions, ScoringSettings(level=level), out=out).as_json()

    assert 12 <= whole.count(b"\n") < 81
    assert out.read_bytes().startswith(whole)
    assert out.read_bytes().count(b"\n") == 82
    fresh = score(problems, completions, ScoringSettings(level=level)).as_json()
    assert plain(continued["results"]) == plain(fresh["results"])
    assert continued["passed"] == 60


def test_infrastructure_errors_are_tried_again(tmp_path: Path, level: str) -> None:
    out = tmp_path / "outcomes.jsonl"
    run(tmp_path, ScoringSettings(level=level), out=out)
    lines = out.read_text().splitlines()
    lines[4] = lines[4].replace(json.loads(lines[4])["outcome"], "infra")
    out.write_text("\n".join(lines) + "\n")

    assert run(tmp_path, ScoringSettings(level=level), out=out).as_json()["infrastructure_errors"] == 0
    assert len(out.read_text().splitlines()) == 11


DAMAGE = {
    "no outcome": ('{"task_id": "HumanEval/0"}\n', DamagedArtifact, "not an outcome"),
    "an outcome nobody gives": ('{"task_id": "HumanEval/0", "index": 0, "outcome": "PASS", "detail": "", "seconds": 1, "extraction": ""}\n', DamagedArtifact, "not an outcome"),
    "a sample nobody asked for": ('{"task_id": "HumanEval/0", "index": 9, "outcome": "passed", "detail": "", "seconds": 1, "extraction": ""}\n', DamagedArtifact, "nobody asked for"),
    "true as an index": ('{"task_id": "HumanEval/0", "index": true, "outcome": "passed", "detail": "", "seconds": 1, "extraction": ""}\n', DamagedArtifact, "nobody asked for"),
    "no JSON": ("passed\n", DamagedArtifact, "cannot be read as JSON"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_outcomes_are_read_strictly(name: str, tmp_path: Path, level: str) -> None:
    line, error, message = DAMAGE[name]
    out = tmp_path / "outcomes.jsonl"
    run(tmp_path, ScoringSettings(level=level, shard=(9, 9)), out=out)
    out.write_text(out.read_text().splitlines()[0] + "\n" + line)

    with pytest.raises(error, match=message) as refused:
        run(tmp_path, ScoringSettings(level=level, shard=(9, 9)), out=out)

    assert "outcomes.jsonl:2" in str(refused.value)


def test_a_line_twice_is_refused(tmp_path: Path, level: str) -> None:
    out = tmp_path / "outcomes.jsonl"
    run(tmp_path, ScoringSettings(level=level), out=out)
    out.write_text(out.read_text() + out.read_text().splitlines()[-2] + "\n")

    with pytest.raises(DamagedArtifact, match="there twice"):
        run(tmp_path, ScoringSettings(level=level), out=out)


@pytest.mark.parametrize(
    ("other", "key"),
    [
        (ScoringSettings(level=RLIMITS), "level"),
        (ScoringSettings(level=NAMESPACES, limits=Limits(cpu_seconds=9)), "limits"),
        (ScoringSettings(level=NAMESPACES, stops=True), "stops"),
        (ScoringSettings(level=NAMESPACES, shard=(1, 3)), "shard"),
    ],
)
def test_outcomes_of_another_evaluation_are_refused(other: ScoringSettings, key: str, tmp_path: Path) -> None:
    heading = ScoringSettings(level=NAMESPACES, limits=Limits(descriptors=1 << 40))
    same = ScoringSettings(level=other.level, limits=other.limits, stops=other.stops, shard=other.shard)
    out = tmp_path / "outcomes.jsonl"
    run(
        tmp_path,
        ScoringSettings(
            level=NAMESPACES, limits=heading.limits if key == "limits" else Limits(), shard=(9, 9)
        ),
        out=out,
    )

    with pytest.raises(UnusableInput, match="of another evaluation"):
        run(tmp_path, same, out=out)


def test_the_command_prints_the_report(
    tmp_path: Path, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(tmp_path)
    files = [
        "--problems",
        str(tmp_path / "problems.jsonl"),
        "--completions",
        str(tmp_path / "completions.jsonl"),
    ]

    assert main(["eval", "humaneval", *files, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["passed"], report["sandbox"]["level"]) == (6, level)
    assert main(["eval", "humaneval", *files, "--level", level]) == 0
    text = capsys.readouterr().out
    assert "pass@1    0.6667  of 3 problems, no interval" in text  # each as good as the others
    assert "failed:assertion" in text


BAD_COMMANDS = {
    "nothing to score": ([], "nothing to score"),
    "no such file": (["--problems", "none.jsonl", "--completions", "none.jsonl"], "cannot be opened"),
}


@pytest.mark.parametrize("name", BAD_COMMANDS)
def test_unusable_input_ends_with_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments, message = BAD_COMMANDS[name]

    assert main(["eval", "humaneval", *arguments]) == SpecshipError.exit_status
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [["--shard", "0/2"], ["--shard", "3/2"], ["--shard", "x"], ["--workers", "0"], ["--level", "none"]],
)
def test_unusable_options_are_refused(option: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["eval", "humaneval", *option])
