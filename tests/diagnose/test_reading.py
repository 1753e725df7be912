"""What the readers take from a run's summary: its own end, its passes, its beginning, what was relaxed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from specship.diagnose.opening import diagnose_run
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.reading_run import read_run_facts
from specship.pipeline.run_logs.reading_trainer import read_trainer_facts

RECORD: dict[str, Any] = {
    "format": "specship-run/1",
    "status": "completed",
    "reason": "every planned step was done",
    "config": {"model": None, "training": {"status": "no key of the summary"}},
    "planned_steps": 290,
    "steps_done": 290,
    "wall_seconds": 12.5,
}


def our_run(folder: Path, **fields: Any) -> Facts:
    (folder / "run.json").write_text(json.dumps(RECORD | fields, indent=2))
    return read_run_facts(folder)[0]


def trainer(folder: Path, *history: dict[str, Any], **fields: Any) -> Facts:
    folder.mkdir(parents=True, exist_ok=True)
    state = {"log_history": list(history), "max_steps": 1000, "num_train_epochs": 3} | fields
    (folder / "trainer_state.json").write_text(json.dumps(state, indent=2, sort_keys=True))
    return read_trainer_facts(folder / "trainer_state.json")[0]


def records(*steps: int) -> list[dict[str, Any]]:
    return [{"step": step, "loss": 3.0 - step / 1000} for step in steps]


@pytest.mark.parametrize(
    ("status", "finished", "ended"),
    [
        ("completed", True, 290),
        ("aborted", True, 290),
        ("running", False, None),
        ("preempted", False, None),
    ],
)
def test_how_a_run_of_ours_ended(tmp_path: Path, status: str, finished: bool, ended: int | None) -> None:
    facts = our_run(tmp_path, status=status)

    assert (facts.finished, facts.ended_step, facts.checkpointed_step) == (finished, ended, 290)
    assert facts.stop_reason == ("" if status == "completed" else RECORD["reason"])


def test_a_run_before_its_first_checkpoint_has_no_step_that_its_time_belongs_to(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"status": "running", "steps_done": 0}))

    assert read_run_facts(tmp_path)[0].checkpointed_step is None


def test_the_summary_is_cited_by_line(tmp_path: Path) -> None:
    facts = our_run(tmp_path)
    lines = (tmp_path / "run.json").read_text().splitlines()
    status, wall = facts.recorded("status", "nothing", "wall_seconds")

    assert facts.record_line == status
    assert lines[status.number - 1] == '  "status": "completed",'
    assert lines[wall.number - 1] == '  "wall_seconds": 12.5'


def test_the_beginning_and_what_was_relaxed(tmp_path: Path) -> None:
    facts = our_run(
        tmp_path,
        initialisation={"difference": 0.5, "tolerance": 0.001, "improvement": -0.2},
        bypasses=[{"name": "accept-starvation", "reason": "a trial", "figures": {}}, 7],
    )

    assert facts.initialisation_difference == 0.5
    assert facts.initialisation_tolerance == 0.001
    assert facts.initialisation_improvement == -0.2
    assert facts.bypasses == ("accept-starvation: a trial",)


def test_a_trainer_that_logged_once_did_its_steps(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(500), global_step=800, max_steps=800, logging_steps=500)

    assert (facts.ended_step, facts.finished, facts.log_every) == (800, True, 500)


def test_a_trainer_that_a_callback_ended(tmp_path: Path) -> None:
    callback = {
        "args": {"early_stopping_patience": 3, "early_stopping_threshold": 0.0},
        "attributes": {"early_stopping_patience_counter": 3},
    }
    facts = trainer(
        tmp_path, *records(300, 600), global_step=600, stateful_callbacks={"EarlyStoppingCallback": callback}
    )

    assert (facts.ended_step, facts.finished) == (600, True)
    assert facts.stop_reason == "EarlyStoppingCallback: 3 evaluations without improvement, 3 were allowed"


def test_a_callback_that_had_patience_left_ended_nothing(tmp_path: Path) -> None:
    callback = [
        {"args": {"early_stopping_patience": 3}, "attributes": {"early_stopping_patience_counter": 1}},
        "no callback",
    ]
    facts = trainer(
        tmp_path, *records(600), global_step=600, stateful_callbacks={"EarlyStoppingCallback": callback}
    )

    assert (facts.finished, facts.stop_reason) == (None, "")


def test_a_checkpoint_on_the_way_is_no_end(tmp_path: Path) -> None:
    facts = trainer(tmp_path / "checkpoint-500", *records(500), global_step=500)

    assert (facts.ended_step, facts.finished) == (None, False)


def test_training_that_came_to_its_end_before_the_plan_has_finished(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(100, 200), {"step": 200, "train_loss": 2.9}, global_step=200)

    assert (facts.ended_step, facts.finished, facts.stop_reason) == (200, True, "")


def test_a_runtime_in_the_record_of_a_step_is_no_end(tmp_path: Path) -> None:
    """Where Trainer counts tokens, every record of a step has the time so far."""
    step = {"step": 100, "loss": 3.0, "train_runtime": 4.0, "num_input_tokens_seen": 1000}
    facts = trainer(tmp_path / "checkpoint-100", step, global_step=100)

    assert (facts.ended_step, facts.finished, facts.wall_seconds) == (None, False, None)


@pytest.mark.parametrize("steps", [(1, 2, 4, 6, 8), (2, 4, 4, 6, 8), (2, 4, 6, 2, 4, 6), (2, 4, 6, 7)])
def test_an_odd_record_does_not_change_the_interval(tmp_path: Path, steps: tuple[int, ...]) -> None:
    assert trainer(tmp_path, *records(*steps), global_step=8).log_every == 2


def test_epochs_are_passes_where_tokens_are_unknown(tmp_path: Path) -> None:
    assert trainer(tmp_path, *records(10), epoch=50.0, num_train_epochs=50).passes == 50.0


def test_data_without_a_length_have_no_passes(tmp_path: Path) -> None:
    """Trainer plans `sys.maxsize` epochs of them and counts its own steps as one."""
    assert trainer(tmp_path, *records(10), epoch=1.0, num_train_epochs=2**63 - 1).passes is None


def test_a_log_says_how_far_a_trainer_got_where_its_state_does_not(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(500, 1000))

    assert (facts.ended_step, facts.finished) == (1000, True)


LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 100,
    "hidden_size": 8,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "max_position_embeddings": 64,
}
EMBEDDING = 100 * 8
PARAMETERS = 2 * EMBEDDING + 4 * 8 * 8 + 3 * 8 * 16 + 3 * 8


def with_config(folder: Path, config: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_tokens_follow_from_the_operations_that_trainer_counted(tmp_path: Path) -> None:
    """6 operations a token and parameter beside the embedding; two passes of 64 000 tokens in 1000 steps."""
    flops = 6.0 * (PARAMETERS - EMBEDDING) * 128_000
    facts = trainer(
        with_config(tmp_path, LLAMA), *records(500, 1000), global_step=1000, epoch=2.0, total_flos=flops
    )

    assert (facts.parameters, facts.vocabulary) == (PARAMETERS, 100)
    assert (facts.tokens_per_step, facts.tokens_per_pass, facts.unique_tokens) == (128, 64_000, 64_000)
    assert facts.passes == 2.0


@pytest.mark.parametrize("file", ["adapter_config.json", None])
def test_operations_of_another_model_say_nothing_of_tokens(tmp_path: Path, file: str | None) -> None:
    flops = 6.0 * (PARAMETERS - EMBEDDING) * 128_000 + (0 if file else 5)
    with_config(tmp_path, LLAMA)
    if file:
        (tmp_path / file).write_text("{}")
    facts = trainer(tmp_path, *records(500, 1000), global_step=1000, epoch=2.0, total_flos=flops)

    assert (facts.tokens_per_step, facts.unique_tokens) == (None, None)


def test_tokens_that_trainer_counted_itself(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(1000), global_step=1000, epoch=0.5, num_input_tokens_seen=128_000)

    assert (facts.tokens_per_step, facts.unique_tokens) == (128, 256_000)


def test_the_time_of_a_whole_run_goes_with_its_operations(tmp_path: Path) -> None:
    last = {"step": 1000, "train_loss": 2.5, "train_runtime": 50.0, "train_steps_per_second": 20.0}
    facts = trainer(tmp_path, *records(1000), last, global_step=1000, total_flos=1e15)

    assert (facts.wall_seconds, facts.total_flops) == (50.0, 1e15)


def test_the_time_of_a_resumed_part_is_not_that_of_the_run(tmp_path: Path) -> None:
    last = {"step": 1000, "train_loss": 2.5, "train_runtime": 5.0, "train_steps_per_second": 20.0}
    facts = trainer(tmp_path, *records(1000), last, global_step=1000, total_flos=1e15)

    assert (facts.wall_seconds, facts.total_flops) == (None, None)


def test_a_family_that_is_not_known_still_names_its_vocabulary(tmp_path: Path) -> None:
    config = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": 50257}
    facts = trainer(with_config(tmp_path, config), *records(1000))

    assert (facts.vocabulary, facts.parameters) == (50257, None)


def stored(folder: Path, dtype: str) -> None:
    """A file of one tensor of 6 elements."""
    size = 6 * {"F32": 4, "U8": 1}[dtype]
    header = json.dumps({"w": {"dtype": dtype, "shape": [2, 3], "data_offsets": [0, size]}}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(size)
    (folder / "model.safetensors").write_bytes(data)


@pytest.mark.parametrize(("dtype", "parameters"), [("F32", 6), ("U8", None)])
def test_parameters_of_any_family_are_those_that_are_stored(
    tmp_path: Path, dtype: str, parameters: int | None
) -> None:
    stored(with_config(tmp_path, {"model_type": "gpt2", "vocab_size": 50257}), dtype)

    assert trainer(tmp_path, *records(1000)).parameters == parameters


@pytest.mark.parametrize(
    "config", [{"model_type": "gpt2", "vocab_size": True}, {"vocab_size": -5}, {"vocab_size": 10**400}, [], 7]
)
def test_a_vocabulary_that_is_none_is_not_taken(tmp_path: Path, config: Any) -> None:
    assert trainer(with_config(tmp_path, config), *records(1000)).vocabulary is None


@pytest.mark.parametrize(
    ("config", "vocabulary"),
    [
        ({"architectures": ["BertForSequenceClassification"]}, None),
        ({"architectures": ["Wav2Vec2ForCTC"]}, None),
        ({"problem_type": "regression"}, None),
        ({"architectures": ["BertForMaskedLM"], "problem_type": None}, 30522),
        ({"architectures": ["T5ForConditionalGeneration"]}, 30522),
        ({"architectures": ["ReformerModelWithLMHead"]}, 30522),
        ({"architectures": [7, None]}, 30522),
        ({"architectures": "x"}, 30522),
    ],
)
def test_only_a_cost_of_tokens_is_held_against_a_vocabulary(
    tmp_path: Path, config: dict[str, Any], vocabulary: int | None
) -> None:
    told = {"model_type": "bert", "vocab_size": 30522} | config
    trainer(tmp_path, *records(1000))
    folder = with_config(tmp_path, told)
    found = diagnose_run(folder)

    assert found.facts.vocabulary == vocabulary
    assert any("is not held against ln V" in note for note in found.notes) == (vocabulary is None)
    assert diagnose_run(folder, {"vocabulary": "7"} if vocabulary is None else {}).facts.vocabulary


def test_numbers_that_nothing_can_hold(tmp_path: Path) -> None:
    huge = {"step": 10, "loss": 10**400, "learning_rate": -(10**400), "num_input_tokens_seen": 10**400}
    facts = trainer(tmp_path, huge, {"step": 10**400, "loss": 1.0}, global_step=10**400, epoch=10**400)

    assert facts.steps[0].loss == float("inf")
    assert (facts.steps[0].lr, facts.steps[0].tokens_seen, facts.epochs) == (float("-inf"), None, None)
    assert facts.damage == ("trainer_state.json entry 2: it has a loss and no step",)


def test_a_history_with_what_is_no_record(tmp_path: Path) -> None:
    facts = trainer(tmp_path, *records(500), 7, {"step": 1000, "loss": "low"}, global_step=1000)  # type: ignore[arg-type]

    assert facts.damage == (
        "trainer_state.json entry 2 is no record",
        "trainer_state.json entry 3: its loss is no number",
    )


def test_figures_of_a_trainer_are_cited_by_the_lines_they_come_from(tmp_path: Path) -> None:
    with_config(tmp_path, {})
    (tmp_path / "config.json").write_text(json.dumps(LLAMA, indent=2))
    facts = trainer(tmp_path, *records(1000), global_step=1000, epoch=2.0, total_flos=6.0 * 688 * 128_000)
    wanted = ("steps_done", "global_step", "unique_train_tokens", "parameters", "vocabulary", "status")
    lines = facts.recorded(*wanted)
    keys = [(tmp_path / line.file).read_text().splitlines()[line.number - 1].split('"')[1] for line in lines]

    assert keys == ["global_step", "epoch", "hidden_size", "vocab_size"]
