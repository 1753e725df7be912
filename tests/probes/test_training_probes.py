"""Probes of a run and of its checkpoint: sound on a real run, and each planted fault is seen.

Faults are planted in the bytes of the artifacts, as each would leave them.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from specship.contracts.judging import judge
from specship.contracts.reader import read_contract
from specship.errors import SpecshipError
from specship.faults.catalogue import FAULTS, read_fault
from specship.pipeline.training.architecture import parameter_count
from specship.probes.registry import all_probes
from tests.editing import edit_json, edit_lines, edit_weights
from tests.models.trained_chain import chain, copy_chain, measure, value
from tests.places import ROOT

CONTRACTS = ROOT / "contracts"
GATES = {
    gate.probe: gate
    for name in ("training-loop-pretrain", "training-reproducibility", "checkpoint-huggingface")
    for gate in read_contract(CONTRACTS / f"{name}-v1.yaml").contract.gates
    if gate.probe
}
TOO_SMALL = {
    # What a run of 40 steps and 27 thousand parameters cannot reach, by probe.
    "run.schedule": {"distinct_rates"},
    "run.device": {"kind"},
    "run.placement": {"kind"},
    "run.work_rate": {"achieved", "over_cpu"},
    "run.held_out_loss": {"val_loss", "val_tokens", "bigram_margin", "margin_over_error"},
    "run.held_out_noise": {"fewest_tokens"},
    "run.data_budget": {"unique_tokens_per_parameter", "trained_tokens_per_parameter"},
    "run.seed_replay": {"steps_compared", "other_seed_steps"},
    "run.resume_replay": {"steps_compared"},
    "checkpoint.architecture": {
        "hidden_size",
        "layers",
        "heads",
        "kv_heads",
        "intermediate_size",
        "vocabulary",
        "tied",
        "parameters_from_config",
    },
}


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """A copy of the chain that a test may spoil."""
    return copy_chain(tmp_path / "chain")


def failing(probe: str, folder: Path) -> set[str]:
    """Quantities of the contract's limits that do not hold, apart from what the tiny size explains."""
    ruling = judge(GATES[probe].expect, measure(probe, folder))
    assert ruling.checked != "nothing"
    return {j.quantity for j in ruling.judgements if not j.holds} - TOO_SMALL.get(probe, set())


@pytest.mark.parametrize("probe", sorted(GATES))
def test_sound_run_meets_the_limits(probe: str) -> None:
    """Every limit of the contracts that a tiny run can reach holds on one."""
    assert failing(probe, chain()) == set()


@pytest.mark.parametrize("probe", sorted(GATES))
def test_units_are_those_of_the_contract(probe: str) -> None:
    units = all_probes()[probe].units
    assert {name: limit.unit for name, limit in GATES[probe].expect.items()}.items() <= units.items()


@pytest.mark.parametrize("probe", sorted(GATES))
def test_unreadable_artifacts_are_an_error_with_a_place(probe: str, tmp_path: Path) -> None:
    """Empty folders are no measurement."""
    for name in ("run", "checkpoint", "shards", "baseline", "replay"):
        (tmp_path / name).mkdir()
    with pytest.raises(SpecshipError) as raised:
        measure(probe, tmp_path)
    assert raised.value.at is not None


# --- faults of the log ----------------------------------------------------------------------------

Lines = list[dict[str, Any]]


def placeholder(lines: Lines) -> None:
    for line in lines[20:]:
        line.update(train_loss=1.0, grad_norm=1.0)


def scripted(lines: Lines) -> None:
    for line in lines:
        line["train_loss"] = 5.0 - 0.05 * line["step"]


def swallowed(lines: Lines) -> None:
    lines[9]["train_loss"] = 0.0


def duplicated(lines: Lines) -> None:
    lines.insert(11, dict(lines[10]))


def lost(lines: Lines) -> None:
    del lines[10]


def silent(lines: Lines) -> None:
    for line in lines:
        line["tokens_per_second"] = 0.0


def headless(lines: Lines) -> None:
    del lines[4]["grad_norm"]


def miscounted(lines: Lines) -> None:
    for line in lines[10:]:
        line["tokens_seen"] += 256


def constant_rate(lines: Lines) -> None:
    for line in lines[3:]:
        line["lr"] = 1e-2


def late_rate(lines: Lines) -> None:
    for line, before in zip(reversed(lines[4:]), reversed(lines[3:-1]), strict=True):
        line["lr"] = before["lr"]


def fell_back(lines: Lines) -> None:
    for line in lines[20:]:
        line["device"] = "cuda:0"


def no_memory(lines: Lines) -> None:
    lines[30]["device_memory_bytes"] = 0


def too_fast(lines: Lines) -> None:
    for line in lines[20:]:
        line["tokens_per_second"] = 1e9


def unclipped(lines: Lines) -> None:
    lines[12].update(grad_norm=3.0, grad_norm_after_clip=3.0)


def blown_up(lines: Lines) -> None:
    lines[12]["grad_norm"] = 1e35


def ended_early(lines: Lines) -> None:
    del lines[30:]


def claimed(lines: Lines) -> None:
    for line in lines:
        line["device"] = "cuda:0"


def other_start(lines: Lines) -> None:
    lines[0]["train_loss"] += 0.5


LOG_FAULTS = [
    ("run.log", placeholder, {"placeholder_steps", "longest_constant_loss", "straight_share"}),
    ("run.log", scripted, {"straight_share"}),
    ("run.log", swallowed, {"placeholder_steps"}),
    ("run.log", duplicated, {"repeated_steps"}),
    ("run.log", lost, {"missing_steps"}),
    ("run.log", silent, {"zero_telemetry"}),
    ("run.log", headless, {"missing_fields"}),
    ("run.log", miscounted, {"miscounted_steps"}),
    ("run.schedule", constant_rate, {"largest_deviation", "lowest_over_highest"}),
    ("run.schedule", late_rate, {"largest_deviation"}),
    ("run.device", fell_back, {"steps_elsewhere"}),
    ("run.device", no_memory, {"least_memory_over_weights"}),
    ("run.placement", claimed, {"steps_claimed_elsewhere"}),
    ("run.throughput_bound", too_fast, {"fastest_over_measured"}),
    ("run.clipping", unclipped, {"largest_after_over_limit"}),
    ("run.clipping", blown_up, {"largest_before_over_limit"}),
    ("run.completion", ended_early, {"unexplained_steps", "misreported_steps"}),
    ("run.first_loss", other_start, {"recomputed_difference"}),
    ("run.seed_replay", other_start, {"largest_difference"}),
]


@pytest.mark.parametrize(
    ("probe", "plant", "seen"), LOG_FAULTS, ids=lambda item: getattr(item, "__name__", None)
)
def test_fault_in_the_log_is_seen(
    spoilt: Path, probe: str, plant: Callable[[Lines], None], seen: set[str]
) -> None:
    edit_lines(spoilt / "run/train.jsonl", plant)
    assert failing(probe, spoilt) == seen


PLACE = [
    (gate.probe, fault, predicted)
    for gate in GATES.values()
    if gate.probe in {"run.placement", "run.arithmetic", "run.work_rate"}
    for fault, predicted in gate.faults.items()
    if read_fault(fault, None).way == "artifact"
]


@pytest.mark.parametrize(("probe", "fault", "predicted"), PLACE, ids=str)
def test_fault_about_the_place_of_the_work_is_seen(
    spoilt: Path, probe: str, fault: str, predicted: tuple[str, ...]
) -> None:
    """Planted as falsification plants it, each breaks what the contract predicts."""
    FAULTS.load(fault.replace("-", "_")).plant(spoilt / "run")
    ruling = judge(GATES[probe].expect, measure(probe, spoilt))
    assert set(predicted) <= {j.quantity for j in ruling.judgements if not j.holds}


def test_a_run_from_before_drivers_were_asked_is_unbound(spoilt: Path) -> None:
    (spoilt / "run/devices.jsonl").unlink()
    edit_json(spoilt / "run/run.json", lambda record: record.pop("placement"))

    for probe in ("run.placement", "run.arithmetic"):
        assert measure(probe, spoilt).lacking.keys() == all_probes()[probe].units.keys()


# --- faults of evaluations, records, replays ------------------------------------------------------


def growing(lines: Lines) -> None:
    lines[3]["val_loss"] = 2.5 * lines[2]["val_loss"]


def memorised(lines: Lines) -> None:
    lines[-1]["val_loss"] -= 0.6


def noisy(lines: Lines) -> None:
    for line in lines:
        line["standard_error"] = 0.06


EVALUATION_FAULTS = [
    ("run.divergence", growing, {"largest_growth"}),
    ("run.divergence", memorised, {"held_out_minus_train"}),
    ("run.held_out_noise", noisy, {"largest_over_improvement"}),
]


@pytest.mark.parametrize(("probe", "plant", "seen"), EVALUATION_FAULTS)
def test_fault_in_the_evaluations_is_seen(
    spoilt: Path, probe: str, plant: Callable[[Lines], None], seen: set[str]
) -> None:
    edit_lines(spoilt / "run/evaluations.jsonl", plant)
    assert failing(probe, spoilt) == seen


def test_named_early_stop_counts_only_when_it_was_due(spoilt: Path) -> None:
    """An event alone explains nothing; with evaluations that stood still it does."""
    edit_lines(spoilt / "run/train.jsonl", lambda lines: lines.__delitem__(slice(36, None)))
    edit_json(spoilt / "run/run.json", lambda record: record.update(steps_done=36, status="stopped_early"))
    stop = {"event": "early_stop", "step": 36, "reason": "patience"}
    edit_lines(spoilt / "run/events.jsonl", lambda lines: lines.append(stop))
    assert failing("run.completion", spoilt) == {"unexplained_steps"}

    def stand_still(lines: Lines) -> None:
        lines[:] = [
            {**line, "val_loss": 4.0, "standard_error": 0.01}
            for line in lines
            if line["step"] in range(6, 37)
        ]

    edit_lines(spoilt / "run/evaluations.jsonl", stand_still)
    assert failing("run.completion", spoilt) == set()


def test_wraps_that_nobody_announced_are_seen(spoilt: Path) -> None:
    assert value(measure("run.data_budget", spoilt), "wraps") == 1
    (spoilt / "run/events.jsonl").write_text("")
    assert failing("run.data_budget", spoilt) == {"unannounced_wraps"}


def test_wall_time_that_was_not_measured_is_seen(spoilt: Path) -> None:
    edit_json(spoilt / "run/run.json", lambda record: record.update(wall_seconds=0.001))
    assert failing("run.budget", spoilt) == {"wall_over_logged"}
    edit_json(spoilt / "run/run.json", lambda record: record.update(wall_seconds=30 * 86_400.0))
    assert failing("run.budget", spoilt) == {"wall", "projected"}


def test_device_rate_typed_into_the_record_is_seen(spoilt: Path) -> None:
    edit_lines(spoilt / "run/train.jsonl", too_fast)
    edit_json(spoilt / "run/run.json", lambda record: record.update(matmul_flops_per_second=1e18))
    assert failing("run.throughput_bound", spoilt) >= {"recorded_over_measured"}


def test_a_busy_moment_accuses_no_run(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice a card seems a thousandth as fast as when the run began; the third time it is itself again."""
    asked: list[float] = []

    def disturbed(*_: Any, **__: Any) -> float:
        asked.append(1e9 if len(asked) < 2 else 1e12)
        return asked[-1]

    edit_json(spoilt / "run/run.json", lambda record: record.update(matmul_flops_per_second=1e12))
    monkeypatch.setattr("specship.pipeline.device.resolve_device", lambda _: torch.device("meta"))
    monkeypatch.setattr("specship.pipeline.device.matmul_flops_per_second", disturbed)

    assert failing("run.throughput_bound", spoilt) == set()
    assert asked == [1e9, 1e9, 1e12]


def test_accumulation_nobody_meant_shows_in_the_projection(spoilt: Path) -> None:
    """A plan of 5 million steps at this step time takes days."""
    edit_json(
        spoilt / "run/run.json", lambda record: record["config"]["training"].update(steps=5_000_000_000)
    )
    assert "projected" in failing("run.budget", spoilt)


def test_seed_that_is_ignored_is_seen(spoilt: Path) -> None:
    shutil.copy(spoilt / "replay/same-seed.jsonl", spoilt / "replay/other-seed.jsonl")
    assert failing("run.seed_replay", spoilt) == {"other_seed_difference"}


def test_resume_that_starts_the_schedule_again_is_seen(spoilt: Path) -> None:
    def restart(lines: Lines) -> None:
        for place, line in enumerate(lines, start=1):
            line.update(lr=1e-2 * place / 3, train_loss=line["train_loss"] + 0.01 * place)

    edit_lines(spoilt / "replay/resumed.jsonl", restart)
    assert failing("run.resume_replay", spoilt) == {"largest_difference", "largest_rate_difference"}


def test_resume_at_another_step_is_seen(spoilt: Path) -> None:
    edit_lines(spoilt / "replay/resumed.jsonl", lambda lines: lines.__delitem__(0))
    assert failing("run.resume_replay", spoilt) == {"steps_out_of_place"}


# --- faults of weights and checkpoints ------------------------------------------------------------

LAYER = "model.layers.0.mlp.down_proj.weight"


def test_detached_layer_is_seen_under_weight_decay_too(spoilt: Path) -> None:
    """A tensor as it was, and one that only shrank."""
    from safetensors.numpy import load_file

    first = load_file(spoilt / "run/checkpoints/step-000000/model.safetensors")

    def freeze(weights: dict[str, Any]) -> None:
        weights[LAYER] = first[LAYER]
        weights["model.embed_tokens.weight"] = first["model.embed_tokens.weight"] * np.float32(0.97)

    edit_weights(spoilt / "run/checkpoints/step-000040/model.safetensors", freeze)
    assert failing("run.weights_moved", spoilt) == {"unmoved", "only_shrunk", "smallest_change"}


def test_untrained_checkpoint_fails_loss_margin_and_movement(spoilt: Path) -> None:
    """The weights of step 0 under the final name: nothing learned, and nothing hides it."""
    first = spoilt / "run/checkpoints/step-000000/model.safetensors"
    shutil.copy(first, spoilt / "checkpoint/model.safetensors")
    shutil.copy(first, spoilt / "run/checkpoints/step-000040/model.safetensors")
    found = measure("run.held_out_loss", spoilt)
    trained = measure("run.held_out_loss", chain())
    assert value(found, "val_loss") > 0.99 * math.log(257) > 2 * value(trained, "val_loss")
    assert value(found, "bigram_margin") < 0 == value(found, "margin_over_error")
    assert abs(value(found, "below_ln_vocabulary")) < 0.05
    assert failing("run.weights_moved", spoilt) == {"unmoved", "smallest_change"}
    assert failing("checkpoint.best", spoilt) == {"copies_of_initial"}


def test_initial_weights_under_the_best_name_are_seen(spoilt: Path) -> None:
    """Only the published copy is exchanged: its bytes are of no checkpoint of that step."""
    shutil.copy(
        spoilt / "run/checkpoints/step-000000/model.safetensors", spoilt / "checkpoint/model.safetensors"
    )
    seen = {"above_lowest", "other_weights", "copies_of_initial"}
    assert failing("checkpoint.best", spoilt) == seen


def test_shards_of_another_tokenizer_are_not_scored(spoilt: Path) -> None:
    """As many tokens, and each means something else."""
    path = spoilt / "checkpoint/tokenizer.json"
    path.write_text(path.read_text() + "\n")
    with pytest.raises(SpecshipError, match="encoded with another tokenizer"):
        measure("run.held_out_loss", spoilt)


def test_margin_is_not_stated_over_other_tokens(spoilt: Path) -> None:
    edit_json(spoilt / "baseline/bigram.json", lambda d: d.update(heldout_targets_sha256="0" * 64))
    assert value(measure("run.held_out_loss", spoilt), "bigram_margin") is None


def test_worse_checkpoint_under_the_best_name_is_seen(spoilt: Path) -> None:
    edit_lines(spoilt / "run/evaluations.jsonl", lambda lines: lines[2].update(val_loss=0.5))
    assert failing("checkpoint.best", spoilt) == {"above_lowest"}


def double_head(weights: dict[str, Any]) -> None:
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].copy()


def drop_tensor(weights: dict[str, Any]) -> None:
    del weights[LAYER]


def flatten_tensor(weights: dict[str, Any]) -> None:
    weights[LAYER] = weights[LAYER].ravel()


WEIGHT_FAULTS = [
    (double_head, {"parameters_unaccounted", "wrong_tensors"}),
    (drop_tensor, {"parameters_unaccounted", "wrong_tensors"}),
    (flatten_tensor, {"wrong_tensors"}),
]


@pytest.mark.parametrize(("plant", "seen"), WEIGHT_FAULTS)
def test_tensors_that_do_not_fit_the_config_are_seen(
    spoilt: Path, plant: Callable[[dict[str, Any]], None], seen: set[str]
) -> None:
    edit_weights(spoilt / "checkpoint/model.safetensors", plant)
    assert failing("checkpoint.architecture", spoilt) == seen


def test_architecture_other_than_declared_is_seen(spoilt: Path) -> None:
    edit_json(
        spoilt / "checkpoint/config.json", lambda config: config.update(architectures=["Qwen2ForCausalLM"])
    )
    assert failing("checkpoint.architecture", spoilt) == {"undeclared_fields"}


def test_missing_architecture_field_is_an_error_that_names_it(spoilt: Path) -> None:
    edit_json(spoilt / "checkpoint/config.json", lambda config: config.pop("head_dim"))
    with pytest.raises(SpecshipError, match="head_dim"):
        measure("checkpoint.architecture", spoilt)
    assert "missing_fields" in failing("checkpoint.self_contained", spoilt)


def test_checkpoint_without_tokenizer_does_not_open(spoilt: Path) -> None:
    """The missing file is the answer; what only an opened folder could tell has no figure, which no limit takes."""
    (spoilt / "checkpoint/tokenizer.json").unlink()

    assert failing("checkpoint.self_contained", spoilt) >= {"missing_files", "round_trip_differences"}


def test_a_whole_checkpoint_that_does_not_open_is_no_measurement(spoilt: Path) -> None:
    (spoilt / "checkpoint/tokenizer.json").write_text("{}")
    with pytest.raises(SpecshipError, match="cannot open"):
        measure("checkpoint.self_contained", spoilt)


def test_pickle_beside_the_weights_is_seen(spoilt: Path) -> None:
    (spoilt / "checkpoint/pytorch_model.bin").write_bytes(b"\x80\x04.")
    assert failing("checkpoint.self_contained", spoilt) >= {"foreign_files", "damaged_files"}


def test_flipped_bit_is_seen(spoilt: Path) -> None:
    path = spoilt / "checkpoint/model.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 4
    path.write_bytes(data)
    found = measure("checkpoint.self_contained", spoilt)
    assert value(found, "damaged_files") == 1
    assert any("model.safetensors" in note for note in found.notes)


def test_release_sizes_come_to_the_declared_parameters() -> None:
    """The figures of the release contract follow from its own sizes."""
    limits = GATES["checkpoint.architecture"].expect
    config = {
        "hidden_size": limits["hidden_size"].limit,
        "num_hidden_layers": limits["layers"].limit,
        "num_attention_heads": limits["heads"].limit,
        "num_key_value_heads": limits["kv_heads"].limit,
        "head_dim": limits["hidden_size"].limit // limits["heads"].limit,
        "intermediate_size": limits["intermediate_size"].limit,
        "vocab_size": limits["vocabulary"].limit,
    }
    assert parameter_count({**config, "tie_word_embeddings": False}) == 373_509_120
    assert parameter_count({**config, "tie_word_embeddings": True}) == 322_045_952
    assert limits["parameters_from_config"].limit == parameter_count(
        {**config, "tie_word_embeddings": limits["tied"].limit}
    )
