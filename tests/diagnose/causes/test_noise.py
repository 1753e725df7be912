"""Causes that a difference, a coincidence or a figure that is no number might set off without a defect."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.opening import diagnose_run
from specship.report.diagnosis.json import shape as as_json
from specship.report.diagnosis.text import render as as_text
from tests.diagnose.written_runs import (
    Records,
    evaluations,
    losses,
    names,
    records,
    trainer_history,
    write_run,
    write_state,
)

NAN, INF = float("nan"), float("inf")


def trainer(folder: Path, history: Records, told: dict[str, str] | None = None, **state: Any) -> Diagnosis:
    """Diagnosed, and shown in every form that a reader may ask for."""
    found = diagnose_run(write_state(folder / "out", history, **state), told)
    assert "nan" not in json.dumps([one["confidence"] for one in as_json(found)["findings"]], allow_nan=False)
    assert "confidence nan" not in as_text(found)
    for finding in (*found.findings, *found.remarks):
        assert 0 <= finding.observed.confidence <= 1
    return found


def test_losses_that_are_nan_are_not_constant(tmp_path: Path) -> None:
    values = [*losses(60), *[NAN] * 40]

    assert names(trainer(tmp_path, trainer_history(values))) == ["non-finite"]


def test_every_loss_nan(tmp_path: Path) -> None:
    """The most ordinary sick run of a Trainer; its vocabulary is known."""
    history = trainer_history([NAN] * 60, grad_norm=NAN)
    history.append({"step": 60, "eval_loss": NAN})
    found = trainer(tmp_path, history, {"vocabulary": "32_000", "unique_tokens": "1000"})

    assert (names(found), found.findings[0].observed.confidence) == (["non-finite"], 1.0)


def test_evaluations_that_are_nan_give_no_confidence(tmp_path: Path) -> None:
    """Told facts would have them compared; non-finite alone is found."""
    history = trainer_history(losses(60))
    history += [{"step": at, "eval_loss": NAN if at > 20 else 2.5} for at in (20, 40, 60)]
    told = {"unique_tokens": "1000", "tokens_per_step": "100", "mode": "fine-tune"}

    assert names(trainer(tmp_path, history, told)) == ["non-finite"]


@pytest.mark.parametrize(
    ("overflows", "found"), [((1,), []), ((1, 2, 3, 60), []), (tuple(range(1, 101)), ["non-finite"])]
)
def test_skipped_steps_of_a_loss_scaler(tmp_path: Path, overflows: tuple[int, ...], found: list[str]) -> None:
    """A gradient overflows in float16 now and then by design; one in every step is a defect."""
    history = trainer_history(losses(100))
    for at in overflows:
        history[at - 1]["grad_norm"] = INF

    assert names(trainer(tmp_path, history)) == found


@pytest.mark.parametrize("seed", range(4))
def test_noise_of_single_sequences_is_no_divergence(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - noise of a loss
    values = [max(0.05, draw.gauss(1.0, 0.35)) for _ in range(100)]

    assert names(trainer(tmp_path, trainer_history(values))) == []


def test_a_rise_beyond_noise_is(tmp_path: Path) -> None:
    draw = random.Random(1)  # noqa: S311 - noise of a loss
    values = [1.0 + draw.gauss(0, 0.1) + max(0, at - 60) / 20 for at in range(100)]

    assert names(trainer(tmp_path, trainer_history(values))) == ["divergence"]


def test_a_text_that_is_learned_by_heart_did_not_diverge(tmp_path: Path) -> None:
    """Held-out loss more than doubles from one epoch to the next, while training loss falls."""
    history = trainer_history(losses(100, start=1.2, end=0.05, noise=0.01))
    history += [{"step": 50, "eval_loss": 0.5}, {"step": 100, "eval_loss": 1.2}]
    found = trainer(tmp_path, history, epoch=2.0, num_train_epochs=2)

    assert names(found) == ["memorisation"]


@pytest.mark.parametrize("decimals", [4, 17])
def test_a_memorised_text_repeats_itself_by_rounding(tmp_path: Path, decimals: int) -> None:
    """0.0012 give or take 0.0003, as a Trainer logged them before version 5, and as it does since."""
    draw = random.Random(3)  # noqa: S311 - noise of a loss
    low = [abs(draw.gauss(0.0012, 0.0003)) for _ in range(200)]
    values = [round(value, decimals) for value in [*losses(100, start=2.5, end=0.002, noise=0.0002), *low]]
    values = [abs(value) for value in values]
    row = max(len(run) for run in _rows(values))

    assert (row >= 3) == (decimals == 4)  # the log does hold such rows
    assert names(trainer(tmp_path, trainer_history(values))) == []


def _rows(values: list[float]) -> list[list[float]]:
    rows = [[values[0]]]
    for value in values[1:]:
        if value == rows[-1][-1]:
            rows[-1].append(value)
        else:
            rows.append([value])
    return rows


@pytest.mark.parametrize(("decimals", "row"), [(4, 6), (17, 3)])
def test_a_loss_that_stands_still_is_no_rounding(tmp_path: Path, decimals: int, row: int) -> None:
    values = losses(100)
    values[50 : 50 + row] = [1.8531] * row
    values = [round(value, decimals) for value in values]

    assert names(trainer(tmp_path, trainer_history(values))) == ["constant-losses"]


@pytest.mark.parametrize("growth", [0.0, 0.003])
def test_losses_of_reinforcement_learning_begin_at_zero(tmp_path: Path, growth: float) -> None:
    """And may grow with the distance from the model that they began with."""
    draw = random.Random(5)  # noqa: S311 - noise of a loss
    later = (round(abs(draw.gauss(0.0005 + growth * at, 0.0003)), 4) for at in range(60))
    values = [0.0, 0.0, 0.0, *later]
    history = trainer_history(values, grad_norm=0.4)

    assert names(trainer(tmp_path, history)) == []


@pytest.mark.parametrize(("standing", "found"), [(6, []), (60, ["constant-losses"])])
def test_a_preference_loss_stands_until_the_weights_move(
    tmp_path: Path, standing: int, found: list[str]
) -> None:
    """The logarithm of 2, to four decimals, in the first steps of a warm-up."""
    values = [0.6931] * standing + [round(0.2 + loss / 10, 4) for loss in losses(100 - standing)]

    assert names(trainer(tmp_path, trainer_history(values))) == found


@pytest.mark.parametrize(
    ("gradient", "found"), [(0.0, ["placeholder-figures"]), (NAN, ["non-finite", "placeholder-figures"])]
)
def test_zeros_that_come_from_far_above_are_placeholders(
    tmp_path: Path, gradient: float, found: list[str]
) -> None:
    """Beside a norm that is no number they stand for NaN, which is said first."""
    history = trainer_history(losses(60))
    for entry in history[40:45]:
        entry |= {"loss": 0.0, "grad_norm": gradient}

    assert names(trainer(tmp_path, history))[: len(found)] == found


@pytest.mark.parametrize(
    ("passes", "gap"), [({"epoch": 50.0, "num_train_epochs": 50}, 0.0), ({"epoch": 1.0}, 0.5)]
)
def test_an_easier_evaluation_text_is_no_leak(tmp_path: Path, passes: dict[str, Any], gap: float) -> None:
    """A Trainer's evaluation set is anybody's; and what was read 50 times was not read once."""
    history = trainer_history(losses(100, start=3.5, end=2.9, noise=0.02))
    history += [{"step": at, "eval_loss": 2.9 - gap - at / 1e5} for at in (25, 50, 75, 100)]
    found = trainer(tmp_path, history, {"unique_tokens": "400_000", "mode": "fine-tune"}, **passes)

    assert names(found) == []


def test_passes_that_nobody_knows_are_not_called_one(tmp_path: Path) -> None:
    history = [*trainer_history(losses(100)), {"step": 100, "eval_loss": 1.0}]
    found = trainer(tmp_path, history, {"unique_tokens": "400_000"}, num_train_epochs=0)

    for name in ("many-passes", "memorisation"):
        assert found.missing[name] == ("passes",)


@pytest.mark.parametrize(("end", "found"), [(3.05, []), (9.9, ["plateau"])])
def test_what_stands_at_a_learned_level_may_have_converged(
    tmp_path: Path, end: float, found: list[str]
) -> None:
    """A fine-tune of a vocabulary of 152 000: 3.2 to 3.05; knowing nothing costs 11.9."""
    history = trainer_history(losses(100, start=end + 0.15, end=end, noise=0.05))

    assert names(trainer(tmp_path, history, {"vocabulary": "152_000"})) == found


def test_gradients_that_shrink_did_not_blow_up(tmp_path: Path) -> None:
    history = trainer_history(losses(100))
    for at, entry in enumerate(history):
        entry["grad_norm"] = 4.0 * 0.85**at + 0.002

    assert names(trainer(tmp_path, history)) == []


def test_one_step_that_is_logged_twice_and_a_first_one_beside_the_interval(tmp_path: Path) -> None:
    values = losses(60)
    history = trainer_history(values[:1]) + [
        {"step": 2 * at, "loss": loss, "learning_rate": 1e-4} for at, loss in enumerate(values[1:], start=1)
    ]
    first = trainer(tmp_path / "first", history)
    twice = trainer(tmp_path / "twice", [*history[:30], history[29], *history[30:]])

    assert (names(first), names(twice)) == ([], [])


ZEROS: dict[str, dict[str, Any]] = {
    "parameters": {"parameters": 0, "declared_parameters": 0},
    "device rate": {"matmul_flops_per_second": 0.0},
    "clip": {"training": {"clip_norm": 0.0}},
    "planned": {"planned_steps": 0},
    "peak": {"training": {"peak_learning_rate": 0.0}},
    "per pass": {"windows_per_pass": 0},
    "wall": {"wall_seconds": 0.0},
}


@pytest.mark.parametrize("name", sorted(ZEROS))
def test_zeros_in_a_summary_end_no_diagnosis(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path / "run", **ZEROS[name])
    status = main(["diagnose", str(run), "--format", "json"])

    assert status == 1
    assert json.loads(capsys.readouterr().out)["binding"] != "healthy"


@pytest.mark.parametrize(
    "run",
    [
        {"log": records([1e308, -1e308, 1e38] * 20)},
        {"held_out": evaluations([5.5, 1e300, 1e-300, 1.9, 3e38, 1.7])},
        {"held_out": evaluations([5.5, 2.5, 1.9, 1.8, 1.7, 1.69], error=-2.0), "training": {"patience": 2}},
        {"training": {"patience": 0}},
        {"training": {"min_improvement": -1.0}},
        {"wall_seconds": -5.0},
        {"log": records(losses(), tokens_per_second=-3.0)},
        {"log": records(losses(), tokens_per_second=1e308)},
        {"log": records(losses(), grad_norm=1e308, grad_norm_after_clip=1e308)},
    ],
)
def test_figures_that_no_run_has_end_no_diagnosis(
    tmp_path: Path, run: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["diagnose", str(write_run(tmp_path / "run", **run)), "--format", "json"])
    report = json.loads(capsys.readouterr().out)

    assert (status, report["binding"] == "healthy") == (1, False)
    assert all(0 <= finding["confidence"] <= 1 for finding in report["findings"])


@pytest.mark.parametrize(
    "log",
    [
        [record | {"step": 7} for record in records(losses(40))],
        [{"step": 0, "train_loss": 5.5, "lr": 0.0}, *records(losses(40))],
        [],
        records(losses(1)),
    ],
)
def test_counters_that_make_no_sense_end_no_diagnosis(
    tmp_path: Path, log: Records, capsys: pytest.CaptureFixture[str]
) -> None:
    """One step again and again, a record of step 0 without warm-up, no record, and one."""
    run = write_run(tmp_path / "run", log=log, steps_done=40, training={"warmup_steps": 0})
    status = main(["diagnose", str(run), "--format", "json"])
    report = json.loads(capsys.readouterr().out)

    assert status == 1
    assert all(math.isfinite(finding["confidence"]) for finding in report["findings"])


@pytest.mark.parametrize(
    ("asked", "got", "answer"),
    [
        ("cpu", "cpu", "healthy"),
        ("cuda", "cuda:0", "healthy"),
        ("cuda:1", "cuda:1", "healthy"),
        ("auto", "cuda:0", "healthy"),
        ("cuda:1", "cuda:0", "infrastructure-masking"),
        ("cuda", "cpu", "infrastructure-masking"),
        ("auto", "cpu", "healthy"),
    ],
)
def test_the_device_that_was_asked_for(tmp_path: Path, asked: str, got: str, answer: str) -> None:
    """`auto` that got the CPU may have fallen back, which is remarked: what else there was is not on record."""
    run = write_run(tmp_path / "run", log=records(losses(), device=got), device_asked=asked, device_got=got)
    found = diagnose_run(run)

    assert found.binding == answer
    assert names(found) == (["device-fallback"] if answer == "infrastructure-masking" else [])
    remarked = [one.cause.name for one in found.remarks]
    assert remarked == (["device-fallback"] if (asked, got) == ("auto", "cpu") else [])


def test_steps_on_a_device_that_auto_did_not_choose(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", device_asked="auto", device_got="cuda:0")

    assert names(diagnose_run(run)) == ["device-fallback"]


def test_a_confidence_is_never_one_for_want_of_noise(tmp_path: Path) -> None:
    """Evaluations without a standard error beside losses that all stand at one value."""
    log = records([1.8] * 290)
    held_out: Records = [
        {key: value for key, value in one.items() if key != "standard_error"}
        for one in evaluations([5.5, 2.5, 1.9, 1.9, 1.95, 2.3])
    ]
    found = diagnose_run(
        write_run(
            tmp_path / "run", log=log, held_out=held_out, windows_per_pass=800, unique_train_tokens=51_200
        )
    )

    assert found.missing["memorisation"] == ("evaluations.standard_error",)
