"""Causes that depend on how a run ended: as planned, early, by itself, by the data, or not yet."""

from pathlib import Path
from typing import Any

import pytest

from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.opening import diagnose_run
from tests.diagnose.written_runs import (
    TOKENS_PER_STEP,
    evaluations,
    losses,
    names,
    records,
    trainer_history,
    write_run,
    write_state,
)

STOPPED: dict[str, Any] = {"status": "stopped_early", "reason": "no improvement of 0.05 nats/token"}
EARLY_STOP = {"event": "early_stop", "step": 200, "reason": "no improvement"}


def stopped(
    folder: Path, held_out: list[float], error: float, *, before: tuple[dict[str, Any], ...] = (), **run: Any
) -> Diagnosis:
    """An early stop at step 200 of 290, an evaluation each 20 steps; training loss falls until the end."""
    values = [loss - at * 0.002 for at, loss in enumerate(losses(200))]
    training = {"evaluate_every": 20} | run.pop("training", {})
    return diagnose_run(
        write_run(
            folder,
            log=records(values),
            held_out=evaluations(held_out, every=20, error=error),
            events=[*before, EARLY_STOP],
            training=training,
            **(STOPPED | run),
        )
    )


FLAT = [5.5, 3.0, 2.0, 1.8, 1.7, 1.69, 1.69, 1.70, 1.69, 1.69, 1.69]
RISEN = [5.5, 3.0, 2.0, 1.8, 1.7, 1.69, 1.72, 1.75, 1.79, 1.81, 1.83]


def test_a_stop_that_the_evaluations_justify_is_no_defect(tmp_path: Path) -> None:
    """Held-out loss stands still, well within what its noise can tell, while training loss falls."""
    found = stopped(tmp_path / "run", FLAT, 0.01)

    assert (names(found), found.binding) == ([], "healthy")


def test_a_starved_run_that_rightly_stopped_is_starved(tmp_path: Path) -> None:
    large: dict[str, Any] = {"parameters": 150_000, "declared_parameters": 150_000}

    assert names(stopped(tmp_path / "run", FLAT, 0.01, **large)) == ["few-tokens"]


def test_a_memorising_run_that_rightly_stopped_has_memorised(tmp_path: Path) -> None:
    small: dict[str, Any] = {"windows_per_pass": 800, "unique_train_tokens": 51_200, "parameters": 2000}
    small |= {"declared_parameters": 2000}
    wrap: dict[str, Any] = {"event": "wrap", "step": 100, "epoch": 1}
    found = stopped(tmp_path / "run", RISEN, 0.01, before=(wrap,), **small)

    assert names(found) == ["memorisation"]


@pytest.mark.parametrize(
    ("held_out", "error", "says"),
    [
        (FLAT, 0.2, "with held-out noise of 0.2"),
        ([5.5, 3.0, 2.0, 1.83, 1.71, 1.6, 1.52, 1.41, 1.3, 1.21, 1.13], 0.01, "after 0 evaluations"),
    ],
)
def test_a_stop_that_they_do_not_justify(
    tmp_path: Path, held_out: list[float], error: float, says: str
) -> None:
    """By noise that explains it, and against its own rule; the events may be lost."""
    stopped(tmp_path / "run", held_out, error)
    (tmp_path / "run" / "events.jsonl").unlink()
    found = diagnose_run(tmp_path / "run")

    assert names(found) == ["premature-stop"]
    assert says in found.findings[0].observed.says


@pytest.mark.parametrize("error", [0.021, 0.026, 0.049])
def test_noise_that_pretrain_accepts_is_no_finding(tmp_path: Path, error: float) -> None:
    held_out = evaluations([5.5, 3.0, 2.4, 2.0, 1.9, 1.85, 1.8, 1.75, 1.72, 1.7], every=29, error=error)
    found = diagnose_run(write_run(tmp_path / "run", held_out=held_out))

    assert (names(found), found.binding) == ([], "healthy")


def test_a_plan_that_patience_cannot_end_needs_no_quiet_evaluations(tmp_path: Path) -> None:
    """Five evaluations and a patience of five; with a patience of four the noise would decide."""
    held_out = evaluations([5.5, 2.5, 1.9, 1.75, 1.71, 1.69], error=0.2)
    five = diagnose_run(write_run(tmp_path / "five", held_out=held_out))
    four = diagnose_run(write_run(tmp_path / "four", held_out=held_out, training={"patience": 4}))

    assert (names(five), names(four)) == ([], ["premature-stop"])
    # Four evaluations may differ by 3 times 0.05 and be told from noise once in a hundred: 3 x 0.05 / 3.29.
    assert four.findings[0].observed.confidence == pytest.approx(1 - 3 * 0.05 / (2.326 * 2**0.5) / 0.2)


def live(folder: Path, status: str = "running") -> Path:
    """57 steps are logged, and the only checkpoint is that of step 0."""
    return write_run(
        folder,
        log=records(losses(57)),
        held_out=evaluations([5.5]),
        events=[{"event": "preempted", "step": 57, "reason": "SIGTERM"}] if status == "preempted" else [],
        status=status,
        reason="",
        steps_done=0,
        wall_seconds=0.11,
    )


@pytest.mark.parametrize(("status", "binding"), [("running", "unknown"), ("preempted", "healthy")])
def test_a_run_that_goes_on_is_not_accused_of_what_it_has_not_done(
    tmp_path: Path, status: str, binding: str
) -> None:
    """Its wall time is that of its last checkpoint, and its log goes on."""
    found = diagnose_run(live(tmp_path / "run", status))

    assert (names(found), found.binding) == ([], binding)
    assert "exhausted-stream" in found.inapplicable


def test_a_clock_that_began_again_is_seen_up_to_the_checkpoint(tmp_path: Path) -> None:
    """116 steps of 10 ms each are covered by 0.3 s; the 40 steps behind them are not counted."""
    run = write_run(
        tmp_path / "run",
        log=records(losses(156)),
        held_out=evaluations([5.5, 2.5, 1.9]),
        status="running",
        steps_done=116,
        wall_seconds=0.3,
    )
    found = diagnose_run(run)

    assert names(found) == ["wall-clock-short"]
    figures = {figure.name: figure.value for figure in found.findings[0].observed.figures}
    assert figures["logged_seconds"] == pytest.approx(116 * TOKENS_PER_STEP / 50_000)


@pytest.mark.parametrize(
    ("reason", "name"),
    [
        ("divergence: held-out loss went from 2 to 5", "divergence"),
        ("non-finite train_loss: train_loss is nan", "non-finite"),
    ],
)
def test_an_abort_is_told_by_the_summary_alone(tmp_path: Path, reason: str, name: str) -> None:
    run = write_run(
        tmp_path / "run",
        log=records(losses(120)),
        held_out=evaluations([5.5, 2.5, 1.9]),
        status="aborted",
        reason=reason,
    )
    (run / "events.jsonl").unlink()
    found = diagnose_run(run)

    assert (found.binding, names(found)) == ("optimization-defect", [name])
    assert reason in found.findings[0].observed.says
    assert str(found.findings[0].observed.lines[0]).startswith("run.json:")


def test_an_abort_for_a_reason_that_nobody_knows_is_not_health(tmp_path: Path) -> None:
    run = write_run(
        tmp_path / "run",
        log=records(losses(120)),
        held_out=evaluations([5.5, 2.5, 1.9]),
        events=[{"event": "aborted", "step": 120, "reason": "gremlins"}],
        status="aborted",
        reason="gremlins: nobody knows",
    )
    found = diagnose_run(run)

    assert (found.binding, names(found)) == ("unknown", [])
    assert "exhausted-stream" in found.missing


@pytest.mark.parametrize(
    ("done", "windows", "name", "binding"),
    [
        (20, 2310, "exhausted-stream", "infrastructure-masking"),  # 147 840 of 148 480 planned tokens
        (43, 2343, "exhausted-stream", "infrastructure-masking"),
        (100, 800, "data-ended", "data-starvation"),
        (100, 807, "data-ended", "data-starvation"),  # 7 windows are no batch
    ],
)
def test_data_that_ended_and_a_stream_that_was_cut(
    tmp_path: Path, done: int, windows: int, name: str, binding: str
) -> None:
    run = write_run(
        tmp_path / "run",
        log=records(losses(done)),
        held_out=evaluations([5.5, 2.5][: 1 + done // 58]),
        events=[{"event": "end_of_data", "step": done + 1, "reason": "the data ended"}],
        status="data_exhausted",
        reason="the data ended",
        windows_per_pass=windows,
        unique_train_tokens=150_000,
    )
    found = diagnose_run(run)

    assert (names(found)[0], found.binding) == (name, binding)
    assert found.findings[0].observed.confidence == pytest.approx(
        1 - done / (290 if name == "data-ended" else min(290, windows // 8))
    )


@pytest.mark.parametrize(
    ("folder", "every", "logged", "state"),
    [
        ("out", 500, 1, {"global_step": 800, "max_steps": 800, "logging_steps": 500}),
        (
            "out",
            50,
            12,
            {
                "global_step": 600,
                "max_steps": 1000,
                "logging_steps": 50,
                "stateful_callbacks": {
                    "EarlyStoppingCallback": {
                        "args": {"early_stopping_patience": 3, "early_stopping_threshold": 0.0},
                        "attributes": {"early_stopping_patience_counter": 3},
                    }
                },
            },
        ),
        ("checkpoint-500", 50, 10, {"global_step": 500, "max_steps": 1000, "logging_steps": 50}),
    ],
)
def test_a_trainer_that_did_what_it_was_to_do(
    tmp_path: Path, folder: str, every: int, logged: int, state: dict[str, Any]
) -> None:
    """Long logging intervals, its own early stop, and a checkpoint of a run that goes on."""
    found = diagnose_run(
        write_state(tmp_path / folder, trainer_history(losses(logged), every=every), **state)
    )

    assert names(found) == []
    assert "exhausted-stream" not in found.missing


def test_a_trainer_whose_data_ran_out_without_a_word(tmp_path: Path) -> None:
    history = trainer_history(losses(60), every=10)
    history.append({"step": 600, "train_runtime": 60.0, "train_loss": 2.0, "train_steps_per_second": 10.0})
    found = diagnose_run(write_state(tmp_path / "out", history, max_steps=1000, global_step=600))

    assert names(found) == ["exhausted-stream"]
    assert found.findings[0].observed.confidence == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("seconds", "told", "found"),
    [
        (1.0, {}, ["impossible-speed"]),
        (86_400.0, {}, []),
        (86_400.0, {"device_flops": "1e15"}, ["impossible-speed"]),
        (86_400.0, {"device_flops": "1e17"}, []),
    ],
)
def test_more_operations_than_there_was_time_for(
    tmp_path: Path, seconds: float, told: dict[str, str], found: list[str]
) -> None:
    """1e21 operations in a second, and in a day, which is 12 devices of 1e15 a second."""
    history = trainer_history(losses(60))
    history.append(
        {"step": 60, "train_loss": 2.0, "train_runtime": seconds, "train_steps_per_second": 60 / seconds}
    )

    assert names(diagnose_run(write_state(tmp_path / "out", history, total_flos=1e21), told)) == found
