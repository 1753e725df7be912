"""A model writes completions: the same ones again, in shards, after a kill, and counted together."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.evaluation.humaneval.generation import (
    GenerationTask,
    Generator,
    generate,
    regenerate,
    seed_of,
)
from specship.pipeline.evaluation.humaneval.merging import merge
from specship.pipeline.evaluation.humaneval.problems import read_problems
from specship.pipeline.evaluation.humaneval.samples import read_samples
from tests.editing import copy_of, edit_json
from tests.models import inference_chain
from tests.models.chat_checkpoints import chat_checkpoint
from tests.models.learned_by_heart import EASY, learned, problem_records


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("problems") / "problems.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in problem_records()))
    return path


@pytest.fixture(scope="module")
def model() -> Path:
    return learned()


def evaluated(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["eval", *map(str, arguments)])
    return status, out.getvalue(), err.getvalue()


def reported(*arguments: str | Path) -> dict[str, Any]:
    status, out, err = evaluated(*arguments, "--format", "json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def outcomes(report: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(one["task_id"], one["index"], one["outcome"]) for one in report["results"]]


def test_what_a_model_learned_passes(model: Path, problems: Path, level: str, tmp_path: Path) -> None:
    """And only that; the report says how it was asked, the samples how each one ended."""
    out = tmp_path / "out.jsonl"
    report = reported("humaneval", model, "--problems", problems, "--max-tokens", "48", "--out", out)
    passed = {one["task_id"] for one in report["results"] if one["outcome"] == "passed"}

    assert passed == set(EASY[:2])
    assert (report["samples"], report["passed"], report["pass_at"]) == (4, 2, {"1": 0.5})
    assert report["sandbox"]["level"] == level
    told = report["generated"]
    assert (told["prompt_format"], told["chat"]["wants"], told["device"]) == ("plain text", False, "cpu")
    assert told["sampling"] == {
        "samples": 1,
        "temperature": 0.0,
        "seed": 0,
        "max_tokens": 48,
        "top_k": 0,
        "top_p": 1.0,
    }
    assert "\ndef " in told["stop_texts"]
    heading, samples = read_samples(tmp_path / "out.jsonl.samples.jsonl")
    assert heading["weights_digest"] == told["weights_digest"]
    reasons = {one.task_id: one.stop_reason for one in samples}
    assert [reasons[task] for task in EASY[:2]] == ["stop-token", "stop-token"]


def test_a_sample_is_written_again(model: Path, problems: Path, tmp_path: Path) -> None:
    """Every record comes back from the model, and an edited one does not."""
    asked = GenerationTask(samples=2, temperature=1.0, seed=5, max_tokens=24)
    generator = Generator(model, read_problems(problems), asked)
    generate(generator, tmp_path / "samples.jsonl")
    _, samples = read_samples(tmp_path / "samples.jsonl")
    fresh = Generator(model, read_problems(problems), asked)

    assert regenerate(fresh, samples[::-1]) == samples[::-1]
    assert len({one.completion for one in samples}) > 4
    other = Generator(
        model, read_problems(problems), GenerationTask(samples=2, temperature=1.0, seed=6, max_tokens=24)
    )
    assert regenerate(other, samples) != samples


def test_seeds_are_of_the_sample_alone() -> None:
    seeds = {seed_of(1, task, index) for task in EASY for index in range(3)}

    assert len(seeds) == 12
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    assert seed_of(1, EASY[0], 0) == seed_of(1, EASY[0], 0) != seed_of(2, EASY[0], 0)


def test_shards_together_are_the_whole(model: Path, problems: Path, level: str, tmp_path: Path) -> None:  # noqa: ARG001 - skips
    """Counts, outcomes and samples of three shards are those of one evaluation on one host."""
    sampling = ("--samples", "2", "--temperature", "0.3", "--seed", "3", "--max-tokens", "32")
    asked = ("humaneval", model, "--problems", problems, *sampling)
    whole = reported(*asked, "--out", tmp_path / "whole.jsonl")
    shards = [tmp_path / f"shard{n}.jsonl" for n in (1, 2, 3)]
    parts = [reported(*asked, "--shard", f"{n}/3", "--out", path) for n, path in enumerate(shards, start=1)]
    merged = reported("merge", *shards, "--out", tmp_path / "merged.jsonl")

    assert sorted(outcomes(merged)) == sorted(outcomes(whole))
    for name in ("problems", "samples", "passed", "failed", "infrastructure_errors", "pass_at", "generated"):
        assert merged[name] == whole[name]
    assert merged["passed"] == sum(part["passed"] for part in parts) >= 1
    assert all(part["pass_at"] == {} for part in parts)
    assert [one["samples"] for one in merged["shards"]] == [3, 3, 2]
    lines = [
        line
        for path in shards
        for line in path.with_name(f"{path.name}.samples.jsonl").read_text().splitlines()[1:]
    ]
    assert sorted(lines) == sorted((tmp_path / "whole.jsonl.samples.jsonl").read_text().splitlines()[1:])
    again = reported("merge", tmp_path / "merged.jsonl")
    assert outcomes(again) == outcomes(merged)


@pytest.fixture(scope="module")
def shards(problems: Path, level: str, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two shards of given completions."""
    folder = tmp_path_factory.mktemp("shards")
    records = problem_records()
    right = [{"task_id": r["task_id"], "completion": r["canonical_solution"]} for r in records]
    wrong = [{"task_id": r["task_id"], "completion": "    return None\n"} for r in records]
    (folder / "given.jsonl").write_text("".join(json.dumps(one) + "\n" for one in right + wrong))
    paths = [folder / "1.jsonl", folder / "2.jsonl"]
    for number, path in enumerate(paths, start=1):
        reported(
            "humaneval", "--problems", problems, "--completions", folder / "given.jsonl", "--level", level,
            "--shard", f"{number}/2", "--out", path,
        )  # fmt: skip
    return paths


def test_given_completions_merge(shards: list[Path]) -> None:
    report = merge(shards)

    assert (report["samples"], report["passed"], report["pass_at"], report["generated"]) == (
        8,
        4,
        {"1": 0.5},
        None,
    )
    assert report["sandbox"]["canaries"] >= 4


def headed(**changes: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda lines: lines[0].update(changes)


def swapped(lines: list[dict[str, Any]]) -> None:
    lines[1]["index"] = 7


MISFITS: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], type[Exception], str]] = {
    "other problems": (headed(problems_sha256="0" * 64), UnusableInput, 'problems_sha256 is "000'),
    "other completions": (headed(completions_sha256="0" * 64), UnusableInput, "completions_sha256 is"),
    "another level": (headed(level="rlimits"), UnusableInput, 'level is "rlimits"'),
    "other limits": (lambda lines: lines[0]["limits"].update(cpu_seconds=9), UnusableInput, r"limits.cpu_seconds is 9, elsewhere 3"),
    "other rules": (headed(stops=True), UnusableInput, "stops is true"),
    "a model's": (headed(generated={"weights_digest": "x"}), UnusableInput, "of another evaluation"),
    "another division": (headed(shard=[2, 3]), UnusableInput, "shards of 2 and of 3 parts"),
    "the same shard": (headed(shard=[1, 2]), UnusableInput, "shard 1 is there twice"),
    "no shard": (headed(shard=[3, 2]), DamagedArtifact, "the shard is missing or of another kind"),
    "a heading cut down": (lambda lines: lines[0].pop("limits"), DamagedArtifact, "limits is missing"),
    "not through": (lambda lines: lines.pop(), UnusableInput, "not through"),
    "an outcome left out": (lambda lines: lines.pop(1), DamagedArtifact, "3 outcomes where this shard has 4"),
    "an outcome twice": (lambda lines: lines.insert(1, lines[1]), DamagedArtifact, "there twice"),
    "an outcome of the other shard": (lambda lines: lines[1].update(task_id="HumanEval/23", index=0), DamagedArtifact, "in another shard too"),
    "a number that nobody gave": (swapped, DamagedArtifact, "a gap in their numbers"),
    "other samples in all": (headed(samples=9), UnusableInput, "samples is 9"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_shards_that_do_not_belong_together_are_refused(
    name: str, shards: list[Path], tmp_path: Path
) -> None:
    change, error, message = MISFITS[name]
    lines = [json.loads(line) for line in shards[1].read_text().splitlines()]
    change(lines)
    other = tmp_path / "other.jsonl"
    other.write_text("".join(json.dumps(line) + "\n" for line in lines))

    with pytest.raises(error, match=message):
        merge([shards[0], other])


def test_a_missing_shard_is_named(shards: list[Path]) -> None:
    status, _, err = evaluated("merge", shards[1])

    assert status == 2
    assert "shards are missing: 1/2" in err


def test_a_sandbox_that_broke_in_one_shard_is_an_error_of_the_whole(
    shards: list[Path], tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in shards[1].read_text().splitlines()]
    lines[-1]["sandbox"].update(canary_faults=["it died"], fit_for_release=False)
    other = tmp_path / "other.jsonl"
    other.write_text("".join(json.dumps(line) + "\n" for line in lines))
    report = merge([shards[0], other])

    assert "it died" in report["error"]
    assert report["pass_at"] == {}
    assert report["sandbox"]["fit_for_release"] is False


def test_a_killed_evaluation_continues_with_the_same_samples(
    model: Path, problems: Path, level: str, tmp_path: Path
) -> None:
    """Killed while it writes samples; what was written stands, and what comes is what would have come."""
    out, samples = tmp_path / "out.jsonl", tmp_path / "out.jsonl.samples.jsonl"
    asked = [
        "humaneval",
        str(model),
        "--problems",
        str(problems),
        "--samples",
        "30",
        "--temperature",
        "1",
        "--max-tokens",
        "60",
        "--level",
        level,
    ]
    script = Path(sys.executable).parent / "specship"
    child = subprocess.Popen(
        [script, "eval", *asked, "--out", out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while child.poll() is None and (not samples.exists() or samples.read_bytes().count(b"\n") < 9):
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    before = samples.read_bytes()
    whole = before[: before.rfind(b"\n") + 1]
    samples.write_bytes(whole + b'{"task_id": "HumanEval/2')
    continued = reported(*asked, "--out", out)

    assert 9 <= whole.count(b"\n") < 121
    assert samples.read_bytes().startswith(whole)
    assert continued["samples"] == 120
    fresh = Generator(
        model, read_problems(problems), GenerationTask(samples=30, temperature=1.0, max_tokens=60)
    )
    _, written = read_samples(samples)
    kept = whole.count(b"\n") - 1
    for one in (written[0], written[kept - 1], written[kept], written[-1]):
        assert regenerate(fresh, [one]) == [one]


def test_samples_of_another_model_are_refused(model: Path, problems: Path, tmp_path: Path) -> None:
    out = tmp_path / "samples.jsonl"
    asked = GenerationTask(max_tokens=2)
    generate(Generator(model, read_problems(problems), asked), out)
    other = copy_of(inference_chain.checkpoint(), tmp_path / "other")

    with pytest.raises(UnusableInput, match="of another evaluation: '"):
        generate(Generator(other, read_problems(problems), asked), out)
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join([lines[0], lines[2]]))
    with pytest.raises(DamagedArtifact, match="whose turn it is"):
        generate(Generator(model, read_problems(problems), asked), out)


def test_a_prompt_without_room_is_an_outcome_of_its_own(
    model: Path,
    problems: Path,
    level: str,  # noqa: ARG001 - skips
    tmp_path: Path,
) -> None:
    """Counted as failed, with the reason."""
    small = copy_of(model, tmp_path / "small")
    edit_json(small / "config.json", max_position_embeddings=40)
    report = reported("humaneval", small, "--problems", problems, "--max-tokens", "8")
    found = [(one["outcome"], one["detail"]) for one in report["results"]]

    assert ("failed:context", "the prompt does not fit the context of 40 tokens") in found
    assert (report["failed"], report["passed"]) == (4, 0)


def test_an_empty_completion_fails(problems: Path, level: str, tmp_path: Path) -> None:  # noqa: ARG001 - skips
    """Nothing to run is a failure, whatever the tests would say to it."""
    given = tmp_path / "given.jsonl"
    given.write_text("".join(json.dumps({"task_id": task, "completion": " \n"}) + "\n" for task in EASY))
    report = reported("humaneval", "--problems", problems, "--completions", given)

    assert {one["outcome"] for one in report["results"]} == {"failed:empty"}
    assert report["pass_at"] == {"1": 0.0}


def test_a_model_that_wants_its_template_gets_it(problems: Path, level: str) -> None:  # noqa: ARG001 - skips
    """The decision is the checkpoint's; the prompt holds the problem and asks for a block of code."""
    folder = chat_checkpoint("chatml")
    generator = Generator(folder, read_problems(problems), GenerationTask(max_tokens=4))
    told = generator.heading()

    assert told["prompt_format"] == "chat template"
    assert told["stop_texts"] == []
    assert told["chat"]["end_of_turn_id"] in told["stop_ids"]
    text = generator.prompting.texts[EASY[0]]
    assert "<|im_start|>user" in text
    assert "def strlen(string: str) -> int:" in text
    assert next(generator.write([(EASY[0], 0)])).stop_reason in {"stop-token", "token-limit", "no-room"}


@pytest.mark.parametrize("token", ["</think>", "<|channel|>"])
def test_a_thought_ends_where_its_special_token_stands(
    token: str,
    problems: Path,
    level: str,  # noqa: ARG001 - skips
    tmp_path: Path,
) -> None:
    """A model that says such a token and nothing else: it has no text, and is kept all the same."""
    from safetensors.torch import load_file, save_file

    folder = copy_of(chat_checkpoint("chatml"), tmp_path / "thinking")
    for path in (folder / "tokenizer.json", folder / "tokenizer_config.json"):
        path.write_text(path.read_text().replace("<|endoftext|>", token))
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + "{{- '<think>\\n' }}")
    weights = {name: 0 * tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    generator = Generator(folder, read_problems(problems), GenerationTask(max_tokens=2))

    assert generator.heading()["thoughts"] == {"tags": [["<think>", "</think>"]], "begun": True}
    assert next(generator.write([(EASY[0], 0)])).completion == token * 2


BAD: dict[str, tuple[list[str], str]] = {
    "several greedy samples": (["--samples", "3"], "greedy decoding has one completion"),
    "no samples": (["--samples", "0"], "give 1 or more"),
    "a temperature below zero": (["--temperature", "-1"], "a temperature of -1"),
    "a temperature that is no number": (["--temperature", "nan"], "a temperature of nan"),
    "no tokens": (["--max-tokens", "0"], "give 1 or more"),
    "shards without a cluster": (["--shards", "2"], "--shards without a cluster"),
    "a model and completions": (["--completions", "x.jsonl"], "a model and completions at once"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_unusable_settings_end_with_2(name: str, model: Path, problems: Path) -> None:
    arguments, message = BAD[name]
    status, _, err = evaluated("humaneval", model, "--problems", problems, *arguments)

    assert (status, message in err) == (2, True), err
