"""Probes of HumanEval: sound, with a planted fault, unreadable."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from specship.contracts.measurement import Measurement
from specship.digests import sha256_file
from specship.errors import DamagedArtifact, RequirementMissing, UnusableInput
from specship.pipeline.evaluation.humaneval.problems import read_problems
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.process import RLIMITS
from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, choose_level
from specship.pipeline.evaluation.humaneval.selftest import self_test
from specship.pipeline.registry import run_stage, stage_named
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from specship.units import Value
from tests.editing import copy_of
from tests.models import inference_chain
from tests.models.learned_by_heart import learned, problem_records
from tests.places import HUMANEVAL

SELF_TEST = "self-test.json"


def measurement(name: str, **folders: Path) -> Measurement:
    return measure(all_probes()[name], {at: Artifact(at, folder, "digest") for at, folder in folders.items()})


def measured(name: str, **folders: Path) -> Mapping[str, Value]:
    return {quantity: one.value for quantity, one in measurement(name, **folders).quantities.items()}


def published(change: Callable[[dict[str, Any]], Any] = lambda _: None) -> str:
    """The first six problems, each of them changed."""
    records = [json.loads(line) for line in gzip.decompress(HUMANEVAL.read_bytes()).splitlines()[:6]]
    for record in records:
        change(record)
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stage's own artifact, of a few problems."""
    folder = tmp_path_factory.mktemp("harness")
    (folder / "problems.jsonl").write_text(published())
    settings = {"harness": {"problems": str(folder / "problems.jsonl")}}
    try:
        run_stage(stage_named("harness"), settings, {}, folder / "made", lambda *_, **__: None)
    except RequirementMissing as missing:
        pytest.skip(str(missing))
    return folder / "made"


def edited(harness: Path, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Mapping[str, Value]:
    record = json.loads((harness / SELF_TEST).read_text())
    change(record)
    (folder / SELF_TEST).write_text(json.dumps(record))
    return measured("harness.self_test", harness=folder)


def test_a_sound_harness(harness: Path) -> None:
    found = measured("harness.self_test", harness=harness)

    assert (found["problems"], found["canonical_passed"]) == (6, 6)
    assert [found[f"{kind}_credited"] for kind in ("wrong", "unanswered", "hostile")] == [0, 0, 0]
    assert [found[kind] for kind in ("wrong", "unanswered", "hostile", "completions")] == [6, 6, 12, 30]
    assert (found["infrastructure_errors"], found["canary_faults"], found["attempts_open"]) == (0, 0, 0)
    assert found["attempts"] == 30
    assert (found["level"], found["fit_for_release"]) == (choose_level(Limits()), "yes")


def credited(kind: str) -> Callable[[dict[str, Any]], Any]:
    def change(record: dict[str, Any]) -> None:
        next(one for one in record["results"] if one["kind"] == kind)["outcome"] = "passed"

    return change


CAUGHT: dict[str, tuple[Callable[[dict[str, Any]], Any], str, Value]] = {
    "a wrong answer passes": (credited("wrong"), "wrong_credited", 1),
    "no answer passes": (credited("unanswered"), "unanswered_credited", 1),
    "a forged verdict passes": (credited("hostile"), "hostile_credited", 1),
    "a sandbox that did not start": (lambda r: r["attempts"].update(fault="no namespaces"), "attempts_open", 30),
    "a file outside was changed": (lambda r: r["attempts"].update(untouched=False), "attempts_open", 30),
    "an attempt that could not be made": (lambda r: r["attempts"].update(unclear=["mount"]), "attempts_open", 1),
    "a canary that died": (lambda r: r["sandbox"].update(canary_faults=["x"]), "canary_faults", 1),
    "infrastructure": (lambda r: r["results"][0].update(outcome="infra"), "infrastructure_errors", 1),
    "the same completion many times": (lambda r: r["results"].extend(r["results"] * 9), "completions", 30),
    "problems left out": (lambda r: r.update(results=r["results"][3:]), "problems", 5),
}  # fmt: skip


@pytest.mark.parametrize("name", CAUGHT)
def test_a_fault_in_the_record_is_seen(name: str, harness: Path, tmp_path: Path) -> None:
    change, quantity, value = CAUGHT[name]

    assert edited(harness, tmp_path, change)[quantity] == value


def test_dropped_imports_are_seen(harness: Path, tmp_path: Path) -> None:  # noqa: ARG001 - skips with it
    """The preamble of each prompt is cut off, as a harness would that takes the function alone."""

    def cut(record: dict[str, Any]) -> None:
        record["prompt"] = record["prompt"][record["prompt"].index("def ") :]

    (tmp_path / "problems.jsonl").write_text(published(cut))
    problems = read_problems(tmp_path / "problems.jsonl")
    record = self_test(problems, ScoringSettings(level=choose_level(Limits())))
    (tmp_path / SELF_TEST).write_text(json.dumps(record))

    assert (
        measured("harness.self_test", harness=tmp_path)["canonical_passed"] == 1
    )  # that one imports nothing


def test_the_weakest_level_is_not_fit(tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_text(published().partition("\n")[0])
    record = self_test(read_problems(tmp_path / "problems.jsonl"), ScoringSettings(level=RLIMITS))
    (tmp_path / SELF_TEST).write_text(json.dumps(record))
    found = measured("harness.self_test", harness=tmp_path)

    assert found["fit_for_release"] == "no"
    assert found["attempts_open"] == 30  # the file outside was changed: nothing it says is believed
    assert (found["canonical_passed"], found["hostile_credited"]) == (1, 0)


@pytest.mark.parametrize("text", ["", "[]", '{"format": "another"}'])
def test_an_unreadable_record(text: str, tmp_path: Path) -> None:
    (tmp_path / SELF_TEST).write_text(text)

    with pytest.raises(DamagedArtifact):
        measured("harness.self_test", harness=tmp_path)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Artifacts of the stages: a model that learned two of four problems, and a harness tested on the same."""
    folder = tmp_path_factory.mktemp("evaluated")
    path = folder / "problems.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in problem_records()))
    drawn = {"runs": 2, "samples": 2, "temperature": 0.3, "seed": 1, "max_tokens": 24}
    settings = {
        "harness": {"problems": str(path)},
        "humaneval": {"problems": str(path), "threads": 1, "device": "cpu", **drawn},
    }
    try:
        for name, inputs in (("harness", {}), ("humaneval", {"checkpoint": learned()})):
            run_stage(stage_named(name), settings, inputs, folder / name, lambda *_, **__: None)
    except RequirementMissing as missing:
        pytest.skip(str(missing))
    return {"checkpoint": learned(), "humaneval": folder / "humaneval", "harness": folder / "harness"}


def test_a_sound_evaluation(evaluated: dict[str, Path]) -> None:
    whole = measurement("humaneval.passed", **evaluated)
    found = {name: one.value for name, one in whole.quantities.items()}

    assert [found[name] for name in ("runs", "problems", "samples", "completions")] == [2, 4, 8, 16]
    assert (
        2
        <= int(found["passed_lowest"] or 0)
        <= int(found["passed"] or 0)
        <= int(found["passed_highest"] or 0)
        <= 4
    )
    clean = (
        "foreign_runs",
        "foreign_problems",
        "differing_completions",
        "differing_outcomes",
        "infrastructure_errors",
        "canary_faults",
    )
    assert [found[name] for name in clean] == [0] * len(clean)
    assert (found["written_again"], found["judged_again"]) == (5, 8)
    told = [found[name] for name in ("prompt_format", "wants_template", "fit_for_release", "device")]
    assert told == ["plain text", "no", "yes", "cpu"]
    assert all(" read " in note and note.endswith(", behind the prompt") for note in whole.notes)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def bound(run: Path, samples: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> None:
    """Write both files of a run so that their digests agree, as a careful forger would."""
    write_lines(run / "samples.jsonl", samples)
    outcomes[0]["completions_sha256"] = sha256_file(run / "samples.jsonl")
    write_lines(run / "outcomes.jsonl", outcomes)


def solutions_put_in(run: Path) -> None:
    """The canonical solutions in place of what the model wrote, outcomes to match."""
    right = {record["task_id"]: record["canonical_solution"] for record in problem_records()}
    samples, outcomes = lines_of(run / "samples.jsonl"), lines_of(run / "outcomes.jsonl")
    for sample in samples[1:]:
        sample["completion"] = right[sample["task_id"]]
    for outcome in outcomes[1:-1]:
        outcome["outcome"] = "passed"
    bound(run, samples, outcomes)


def failures_called_passes(run: Path) -> None:
    outcomes = lines_of(run / "outcomes.jsonl")
    for outcome in outcomes[1:-1]:
        outcome["outcome"] = "passed"
    write_lines(run / "outcomes.jsonl", outcomes)


def asked_otherwise(run: Path) -> None:
    samples, outcomes = lines_of(run / "samples.jsonl"), lines_of(run / "outcomes.jsonl")
    samples[0]["sampling"]["temperature"] = outcomes[0]["generated"]["sampling"]["temperature"] = 0.9
    bound(run, samples, outcomes)


def put_in_a_template(run: Path) -> None:
    """A base model was asked as a chat model is."""
    samples, outcomes = lines_of(run / "samples.jsonl"), lines_of(run / "outcomes.jsonl")
    samples[0]["prompt_format"] = outcomes[0]["generated"]["prompt_format"] = "chat template"
    bound(run, samples, outcomes)


PLANTED: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "completions that the model never wrote": ("run-1", solutions_put_in, "differing_completions"),
    "failures called passes": ("run-1", failures_called_passes, "differing_outcomes"),
    "a base model in a chat template": ("run-2", put_in_a_template, "misprompted_runs"),
    "a run that was asked otherwise": ("run-2", asked_otherwise, "foreign_runs"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_seen(name: str, evaluated: dict[str, Path], tmp_path: Path) -> None:
    run, plant, quantity = PLANTED[name]
    spoiled = copy_of(evaluated["humaneval"], tmp_path / "spoiled")
    plant(spoiled / run)

    assert int(measured("humaneval.passed", **{**evaluated, "humaneval": spoiled})[quantity] or 0) > 0


def test_completions_of_another_checkpoint_are_seen(evaluated: dict[str, Path]) -> None:
    found = measured("humaneval.passed", **{**evaluated, "checkpoint": inference_chain.checkpoint()})

    assert found["foreign_runs"] == 2
    assert int(found["differing_completions"] or 0) > 0


def test_a_harness_tested_on_other_problems_is_seen(evaluated: dict[str, Path], harness: Path) -> None:
    found = measured("humaneval.passed", **{**evaluated, "harness": harness})

    assert found["foreign_problems"] == 4


def one_more(run: Path) -> None:
    (run / "samples.jsonl").write_text((run / "samples.jsonl").read_text() * 2)


UNREADABLE: dict[str, tuple[Callable[[Path], Any], type[Exception], str]] = {
    "no problems": (lambda folder: (folder / "problems.jsonl").unlink(), DamagedArtifact, "cannot be opened"),
    "no outcomes": (
        lambda folder: (folder / "run-1" / "outcomes.jsonl").unlink(),
        UnusableInput,
        "no outcomes",
    ),
    "samples edited": (lambda folder: one_more(folder / "run-1"), DamagedArtifact, "no sample"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_evaluation(name: str, evaluated: dict[str, Path], tmp_path: Path) -> None:
    spoil, error, message = UNREADABLE[name]
    spoiled = copy_of(evaluated["humaneval"], tmp_path / "spoiled")
    spoil(spoiled)

    with pytest.raises(error, match=message):
        measured("humaneval.passed", **{**evaluated, "humaneval": spoiled})
