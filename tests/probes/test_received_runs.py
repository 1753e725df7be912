"""Probes of a run on the log of another program: measured, or not recorded and said to be; every fault is seen."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from specship.contracts.expectation import Expectation
from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import ON_WORD, Measurement
from specship.errors import DamagedArtifact, SpecshipError
from specship.faults.catalogue import planting, read_fault
from specship.pipeline.run_logs.facts_file import write_facts
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.receiving import LoggedSettings, receive
from specship.probes import measuring
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from tests.projects.logged_project import trainer_state, write_run

DECLARED: dict[str, Any] = {
    "schedule": {"peak": 0.001, "warmup_steps": 20, "planned_steps": 200},
    "device_asked": "cpu",
    "device_got": "cpu",
    "clip_norm": 1.5,
    "parameters": 100_000,
    "tokens_per_step": 512,
    "unique_tokens": 51_200,
    "wall_seconds": 60.0,
    "flops_per_token": 6e5,
    "device_flops": 1e11,
}
SOUND: dict[str, dict[str, dict[str, Any]]] = {
    "run.log": {
        "missing_steps": {"equals": 0, "unit": "steps"},
        "repeated_steps": {"equals": 0, "unit": "steps"},
        "missing_fields": {"equals": 0, "unit": "fields"},
        "placeholder_steps": {"equals": 0, "unit": "steps"},
        "longest_constant_loss": {"at_most": 2, "unit": "steps"},
        "straight_share": {"at_most": 0.05, "unit": "fraction"},
        "non_finite_values": {"equals": 0, "unit": "values"},
        "zero_telemetry": {"equals": 0, "unit": "values"},
    },
    "run.schedule": {
        "largest_deviation": {"at_most": 1e-9, "unit": "ratio"},
        "distinct_rates": {"at_least": 30, "unit": "rates"},
    },
    "run.device": {
        "kind": {"equals": "cpu", "unit": "text"},
        "steps_elsewhere": {"equals": 0, "unit": "steps"},
    },
    "run.divergence": {
        "evaluations": {"at_least": 5, "unit": "evaluations"},
        "largest_growth": {"at_most": 2, "unit": "ratio"},
        "last_over_first": {"at_most": 0.75, "unit": "ratio"},
        "largest_train_over_ln_vocabulary": {"at_most": 2, "unit": "ratio"},
    },
    "run.completion": {
        "status": {"one_of": ["completed", "stopped_early"], "unit": "text"},
        "unexplained_steps": {"equals": 0, "unit": "steps"},
        "steps_beyond_plan": {"equals": 0, "unit": "steps"},
        "misreported_steps": {"equals": 0, "unit": "steps"},
    },
    "run.clipping": {"largest_before_over_limit": {"at_most": 1, "unit": "ratio"}},
    "run.recorded_data": {
        "passes": {"at_most": 4, "unit": "ratio"},
        "unique_tokens_per_parameter": {"at_least": 0.5, "unit": "tokens/parameter"},
        "trained_tokens_per_parameter": {"at_least": 1, "unit": "tokens/parameter"},
    },
    "run.budget": {"wall": {"between": [1e-5, 21], "unit": "days"}},
    "run.throughput_bound": {"wall_over_floor": {"at_least": 1, "unit": "ratio"}},
}
"""Limits that hold of a sound log of every fifth step."""
FAULTS: dict[str, dict[str, set[str]]] = {
    "another-device-used": {"run.device": {"kind", "steps_elsewhere"}},
    "clipping-disabled": {"run.clipping": {"largest_before_over_limit"}},
    "clock-stood-still": {
        "run.budget": {"wall"},
        "run.throughput_bound": {"wall_over_floor"},
    },
    "corpus-exhaustion-placeholder": {
        "run.log": {"placeholder_steps", "longest_constant_loss", "straight_share"}
    },
    "data-starved-run": {"run.recorded_data": {"passes", "unique_tokens_per_parameter"}},
    "divergence-continues": {
        "run.divergence": {"largest_growth", "last_over_first", "largest_train_over_ln_vocabulary"}
    },
    "evaluations-lost": {"run.divergence": {"evaluations", "largest_growth", "last_over_first"}},
    "frozen-weights": {"run.log": {"longest_constant_loss", "straight_share"}},
    "gradient-blow-up": {"run.clipping": {"largest_before_over_limit"}},
    "impossible-speed": {"run.throughput_bound": {"wall_over_floor"}},
    "iterator-ends-early": {"run.completion": {"status", "unexplained_steps"}},
    "learning-rate-zero": {"run.schedule": {"largest_deviation", "distinct_rates"}},
    "log-lines-lost": {"run.log": {"missing_steps"}},
    "log-of-a-broken-sensor": {"run.log": {"missing_fields"}},
    "losses-summed": {"run.divergence": {"largest_train_over_ln_vocabulary"}},
    "nan-in-training": {
        "run.log": {"non_finite_values", "longest_constant_loss"},
        "run.completion": {"status", "unexplained_steps"},
    },
    "planned-steps-ignored": {"run.completion": {"steps_beyond_plan"}},
    "premature-early-stop": {"run.completion": {"status", "unexplained_steps"}},
    "repeated-steps": {"run.log": {"repeated_steps"}},
    "schedule-not-applied": {"run.schedule": {"largest_deviation", "distinct_rates"}},
    "scripted-loss": {"run.log": {"straight_share"}},
    "silent-cpu-fallback": {"run.device": {"steps_elsewhere"}},
    "steps-reported-from-the-plan": {"run.completion": {"status", "unexplained_steps", "misreported_steps"}},
    "swallowed-step-error": {"run.log": {"placeholder_steps", "longest_constant_loss"}},
    "tokens-of-one-worker-counted": {"run.recorded_data": {"trained_tokens_per_parameter"}},
    "training-far-too-slow": {"run.budget": {"wall"}},
}
"""By fault: each probe that sees it, and the limits that it breaks there."""


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("received")
    return make(base, write_run(base / "theirs"), DECLARED)


def make(base: Path, theirs: Path, declared: dict[str, Any]) -> Path:
    """A received run."""
    about = {"folder": "theirs", "source": "a Trainer", "declared": declared}
    receive(theirs, base / "run", LoggedSettings.model_validate_json(json.dumps(about)))
    return base / "run"


def measured(probe: str, folder: Path) -> Measurement:
    return measuring.measure(all_probes()[probe], {"run": Artifact("run", folder, "0" * 64)})


def failing(probe: str, folder: Path) -> set[str]:
    limits = {name: Expectation.model_validate(limit) for name, limit in SOUND[probe].items()}
    ruling = judge(limits, measured(probe, folder))
    assert len(ruling.judgements) == len(limits)
    return {one.quantity for one in ruling.judgements if not one.holds}


@pytest.mark.parametrize("probe", SOUND)
def test_a_sound_log_of_every_fifth_step_meets_the_limits(probe: str, received: Path) -> None:
    assert failing(probe, received) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_is_planted_in_the_log_is_seen(fault: str, received: Path, tmp_path: Path) -> None:
    alter = planting(read_fault(fault, None), in_log=True)
    assert alter is not None
    facts, _ = read_facts(received)
    write_facts(tmp_path, alter(facts))

    assert {probe: failing(probe, tmp_path) for probe in FAULTS[fault]} == FAULTS[fault]


def test_every_fault_of_a_log_is_tried() -> None:
    from specship.faults.catalogue import shipped_files

    alters = {name for name in shipped_files() if read_fault(name, None).alters}
    assert alters == {*FAULTS, "telemetry-zeros"}  # this log has no telemetry


def test_what_rests_on_a_word_is_named(received: Path) -> None:
    notes = {
        probe: measured(probe, received).notes for probe in ("run.schedule", "run.log", "run.divergence")
    }

    assert f"{ON_WORD}schedule" in notes["run.schedule"]
    assert notes["run.log"] == (f"{ON_WORD}tokens_per_step",)
    assert notes["run.divergence"] == ()


LACKING = [
    ("run.budget", {"projected", "wall_over_logged"}, "speed of each step"),
    ("run.clipping", {"largest_after_over_limit", "altered_below_limit"}, "gradient norm after clipping"),
    ("run.completion", {"aborts"}, "what the run announced"),
    ("run.device", {"device_name", "least_memory", "least_memory_over_weights"}, "device"),
    ("run.held_out_noise", {"largest_standard_error", "fewest_tokens"}, "noise of each evaluation"),
    ("run.weights_moved", {"unmoved", "only_shrunk"}, "the weights that the run began with"),
]


@pytest.mark.parametrize(("probe", "lacking", "said"), LACKING, ids=[probe for probe, *_ in LACKING])
def test_what_no_record_holds_leaves_a_limit_unbound_and_others_judged(
    probe: str, lacking: set[str], said: str, received: Path
) -> None:
    found = measured(probe, received)
    assert lacking <= found.lacking.keys()
    units = all_probes()[probe].units
    for name in lacking:
        limit = {"matches": "."} if units[name] == "text" else {"at_least": 0.5}
        ruling = judge({name: Expectation.model_validate({**limit, "unit": units[name]})}, found)
        assert ruling.verdict == Verdict.UNBOUND
        assert ruling.reason.startswith("not recorded: ")
    assert any(said in found.lacking[name] for name in lacking)


def test_a_fact_that_nobody_recorded_or_declared(tmp_path: Path) -> None:
    folder = make(tmp_path, write_run(tmp_path / "theirs"), {})
    for probe in ("run.schedule", "run.clipping", "run.device", "run.throughput_bound", "run.recorded_data"):
        found = measured(probe, folder)
        assert found.lacking.keys() == found.quantities.keys(), probe
    assert "say schedule under `logged: declared:`" in measured("run.schedule", folder).lacking["steps"]
    assert "has no place for it" in measured("run.schedule", folder).lacking["steps"]


def test_a_run_that_says_it_stopped_early_is_explained_by_no_word(tmp_path: Path) -> None:
    stopped = {
        "EarlyStoppingCallback": {
            "args": {"early_stopping_patience": 2, "early_stopping_threshold": 0.0},
            "attributes": {"early_stopping_patience_counter": 2},
        }
    }
    state = trainer_state(100, max_steps=200, stateful_callbacks=stopped)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/trainer_state.json").write_text(json.dumps(state))
    found = measured("run.completion", make(tmp_path, tmp_path / "theirs", {}))

    assert found.quantities["status"].value == "stopped_early"
    assert "unexplained_steps" in found.lacking


def test_a_loss_that_is_no_number_is_infinite_growth(tmp_path: Path) -> None:
    state = trainer_state()
    state["log_history"][-1]["eval_loss"] = math.nan
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/trainer_state.json").write_text(json.dumps(state))
    found = measured("run.divergence", make(tmp_path, tmp_path / "theirs", DECLARED | {"vocabulary": 1024}))

    assert found.quantities["largest_growth"].value == math.inf


def test_a_log_that_is_damaged_is_no_measurement(tmp_path: Path) -> None:
    state = trainer_state()
    state["log_history"][3]["loss"] = "low"
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/trainer_state.json").write_text(json.dumps(state))
    folder = make(tmp_path, tmp_path / "theirs", DECLARED)
    with pytest.raises(DamagedArtifact, match="its loss is no number"):
        measured("run.log", folder)


@pytest.mark.parametrize("probe", [*SOUND, "run.weights_moved", "run.held_out_noise"])
def test_an_empty_folder_is_no_run(probe: str, tmp_path: Path) -> None:
    with pytest.raises(SpecshipError, match="not a run"):
        measured(probe, tmp_path)


def test_a_log_of_every_tenth_step_that_counts_from_0_misses_none(tmp_path: Path) -> None:
    lines = [f"iter {step}: loss {4 - step / 100:.4f}, time 9.10ms, mfu 3.20%" for step in range(0, 201, 10)]
    (tmp_path / "train.log").write_text("\n".join(["max_iters = 200", *lines]) + "\n")
    found = measuring.measure(all_probes()["run.log"], {"run": Artifact("run", tmp_path, "0" * 64)})
    planned = measuring.measure(all_probes()["run.completion"], {"run": Artifact("run", tmp_path, "0" * 64)})

    assert found.quantities["missing_steps"].value == 0
    assert planned.quantities["steps_beyond_plan"].value == 0
