"""An evaluation is bound to the checkpoint that it is about, or refused with the reason."""

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from specship.digests import sha256_file
from specship.errors import RequirementMissing, SpecshipError, UnusableInput
from specship.faults.catalogue import planting, read_fault
from specship.pipeline.evaluation.results.receiving import (
    EvaluatedAloneSettings,
    EvaluatedSettings,
    receive_evaluation,
)
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.editing import edit_json
from tests.models.chat_checkpoints import chat_checkpoint
from tests.pipeline.evaluation.results.formats.test_lm_eval import edit_results
from tests.projects.evaluated_project import RESULTS, TASK, worse_run

Figures = dict[str, Any]


def settings(folder: Path, **more: Any) -> EvaluatedSettings:
    weights = {"model.safetensors": sha256_file(chat_checkpoint("chatml") / "model.safetensors")}
    given = {"source": "somebody", "task": TASK, "metric": "acc", "weights": weights}
    return EvaluatedSettings.model_validate({"folder": str(folder), **given, **more})


def received(folder: Path, output: Path, **more: Any) -> Path:
    receive_evaluation(settings(folder, **more), chat_checkpoint("chatml"), output)
    return output


def figures(name: str, evaluation: Path) -> Figures:
    artifacts = {
        "evaluation": Artifact("evaluation", evaluation, ""),
        "checkpoint": Artifact("checkpoint", chat_checkpoint("chatml"), ""),
    }
    found = measure(all_probes()[name], artifacts)
    return {one: quantity.value for one, quantity in found.quantities.items()}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real result beside a worse run; not to be changed."""
    folder = tmp_path_factory.mktemp("received")
    return received(RESULTS / "lm_eval", folder / "out", baseline=str(worse_run(folder / "worse")))


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real log of Inspect; not to be changed."""
    log = RESULTS / "inspect" / "sums.json"
    return received(
        log, tmp_path_factory.mktemp("log") / "out", task="sums", metric="mean", chat_template="none"
    )


def test_a_sound_result_is_whole_and_its_own(sound: Path) -> None:
    found = figures("evaluation.integrity", sound)
    assert (found["samples"], found["dataset_samples"]) == (40, 40)
    assert max(found["value_difference"], found["error_difference"]) < 1e-12
    zero = found.keys() - {"samples", "dataset_samples", "value_difference", "error_difference"}
    assert {name: found[name] for name in zero} == dict.fromkeys(zero, 0)


def test_its_score_is_that_of_the_samples(sound: Path) -> None:
    found = figures("evaluation.score", sound)
    assert (found["samples"], found["value"], found["few_shot"]) == (40, 0.425, 1)
    assert (found["chat_template"], found["system_prompt"], found["version"]) == ("applied", "none", "1.0")
    assert found["standard_error"] == pytest.approx(0.0791582, abs=1e-6)


def test_without_samples_the_score_is_the_makers_word_and_nothing_is_recomputed(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "results"))
    next(folder.glob("*.jsonl")).unlink()
    evaluation = received(folder, tmp_path / "out")
    assert figures("evaluation.score", evaluation)["value"] == 0.425
    assert set(figures("evaluation.integrity", evaluation).values()) == {None}


def test_answers_that_never_came_are_counted_apart(tmp_path: Path) -> None:
    log = RESULTS / "inspect" / "errors.json"
    folder = received(log, tmp_path / "out", task="sums", metric="mean", chat_template="none")
    found = figures("evaluation.integrity", folder)
    assert (found["errors"], found["scored_errors"], found["missing_samples"]) == (4, 0, 0)
    assert figures("evaluation.score", folder)["samples"] == 20


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], dict[str, Any], str]] = {
    "weights": (lambda _: None, {"weights": {"model.safetensors": "0" * 64}}, "other weights"),
    "parameters": (lambda one: one["config"].update(model_num_parameters=7), {}, "other weights"),
    "template": (lambda one: one.update(chat_template_sha="0" * 64), {}, "another chat template"),
    "no template": (lambda one: one.update(chat_template_sha=None), {}, "in no chat template"),
    "a template": (lambda _: None, {"chat_template": "none"}, "put in a chat template"),
    "tokenizer": (lambda one: one.update(tokenizer_eos_token=["<|im_end|>", "7"]), {}, "another eos token"),
    "limit": (lambda one: one["config"].update(limit=10), {}, r"no whole run \(limit 10\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_result_about_something_else_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    edit, more, said = REFUSED[name]
    folder = Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "results"))
    edit_results(folder, edit)
    with pytest.raises(UnusableInput, match=said) as refused:
        received(folder, tmp_path / "out", **more)
    assert "mend:" in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_harness_that_records_no_template_needs_the_makers_word(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="does not record whether a chat template was applied"):
        received(RESULTS / "inspect" / "sums.json", tmp_path / "out", task="sums", metric="mean")


def test_without_a_baseline_nothing_is_compared(inspected: Path) -> None:
    with pytest.raises(RequirementMissing, match="no run to compare with"):
        figures("evaluation.paired", inspected)


PLANTED = {
    "evaluation-typed-by-hand": ("evaluation.integrity", {"value_difference", "error_difference"}),
    "evaluation-samples-left-out": ("evaluation.integrity", {"missing_samples", "samples"}),
    "evaluation-limited": ("evaluation.integrity", {"partial_runs", "missing_samples", "samples"}),
    "evaluation-of-other-weights": ("evaluation.integrity", {"foreign_weights"}),
    "evaluation-in-another-template": ("evaluation.integrity", {"foreign_template", "foreign_tokens"}),
    "evaluation-errors-counted-wrong": ("evaluation.integrity", {"errors", "scored_errors"}),
    "evaluation-answers-senseless": ("evaluation.score", {"value", "standard_error"}),
    "evaluation-of-itself": ("evaluation.paired", {"discordant", "difference", "p_value"}),
    "evaluation-no-better": ("evaluation.paired", {"p_value", "losses"}),
}
NOT_OF_INSPECT = {"evaluation-in-another-template", "evaluation-of-itself", "evaluation-no-better"}


@pytest.mark.parametrize("harness", ["lm_eval", "inspect"])
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_moves_what_it_is_about(
    name: str, harness: str, sound: Path, inspected: Path, tmp_path: Path
) -> None:
    probe, moved = PLANTED[name]
    if (name in NOT_OF_INSPECT) if harness == "inspect" else name == "evaluation-errors-counted-wrong":
        return  # this harness records nothing of the kind, and the contract says so in `unfalsified`
    source = sound if harness == "lm_eval" else inspected
    folder = Path(shutil.copytree(source, tmp_path / "copy"))
    plant = planting(read_fault(name, None))
    assert plant is not None
    plant(folder)
    before, after = figures(probe, source), figures(probe, folder)
    assert {one for one in before if before[one] != after[one]} >= moved


def test_an_artifact_whose_record_is_damaged_is_refused(sound: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sound, tmp_path / "copy"))
    edit_json(folder / "evaluation.json", lambda one: one.update(weights=3))
    with pytest.raises(SpecshipError, match=r"evaluation\.json.*weights"):
        figures("evaluation.score", folder)


def alone(folder: Path, output: Path, **more: Any) -> Path:
    given = {"source": "somebody", "task": TASK, "metric": "acc", "model": "model"}
    settings = EvaluatedAloneSettings.model_validate({"folder": str(folder), **given, **more})
    receive_evaluation(settings, None, output)
    return output


def test_without_a_checkpoint_the_models_name_is_all_that_binds_it(tmp_path: Path) -> None:
    evaluation = alone(RESULTS / "lm_eval", tmp_path / "out")
    found = figures("evaluation.samples", evaluation)
    assert (found["samples"], found["foreign_model"], found["missing_samples"]) == (40, 0, 0)
    assert figures("evaluation.integrity", evaluation)["foreign_weights"] == 1
    score = measure(all_probes()["evaluation.score"], {"evaluation": Artifact("evaluation", evaluation, "")})
    assert "nothing says which weights were evaluated" in score.notes[0]


@pytest.mark.parametrize(
    ("edit", "more", "said"),
    [
        (lambda _: None, {"model": "another"}, "it is of the model 'model', and 'another' is declared"),
        (lambda one: one["config"].update(limit=10), {}, "no whole run"),
        (lambda _: None, {"chat_template": "none"}, "put in a chat template"),
    ],
)
def test_a_result_of_another_model_or_of_a_part_is_refused_alone(
    edit: Callable[[dict[str, Any]], object], more: dict[str, Any], said: str, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "results"))
    edit_results(folder, edit)
    with pytest.raises(UnusableInput, match=said):
        alone(folder, tmp_path / "out", **more)


PLANTED_ALONE = {
    "evaluation-samples-twice": "repeated_samples",
    "evaluation-of-another-model": "foreign_model",
    "evaluation-set-up-otherwise": "version",
}


@pytest.mark.parametrize("log", ["lm_eval", "inspect/sums.json", "inspect/sums.eval"])
@pytest.mark.parametrize("name", PLANTED_ALONE)
def test_a_fault_is_planted_in_every_form_of_a_result(name: str, log: str, tmp_path: Path) -> None:
    if log.endswith(".eval") and not any(map(find_spec, ("zstandard", "compression"))):
        pytest.skip("needs specship[inspect]")
    more = {"task": "sums", "metric": "mean", "model": "mockllm/model", "chat_template": "none"}
    folder = alone(RESULTS / log, tmp_path / "out", **(more if log != "lm_eval" else {}))
    probe = "evaluation.score" if name == "evaluation-set-up-otherwise" else "evaluation.samples"
    before = figures(probe, folder)[PLANTED_ALONE[name]]
    plant = planting(read_fault(name, None))
    assert plant is not None
    plant(folder)
    assert figures(probe, folder)[PLANTED_ALONE[name]] != before
