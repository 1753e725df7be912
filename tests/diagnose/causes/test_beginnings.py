"""Causes that depend on what a run began from: random weights, or a checkpoint."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.diagnose.opening import diagnose_run
from specship.report.diagnosis.json import shape as as_json
from specship.report.diagnosis.markdown import render as as_markdown
from specship.report.diagnosis.text import render as as_text
from tests.diagnose.written_runs import (
    evaluations,
    losses,
    names,
    records,
    trainer_history,
    write_run,
    write_state,
)

BEGUN: dict[str, Any] = {"source": "base", "tolerance": 0.01, "difference": 0.002, "improvement": 0.4}
FROM_A_CHECKPOINT: dict[str, Any] = {"initialisation": BEGUN, "training": {"mode": "fine-tune"}}


def test_a_continued_checkpoint_is_not_judged_by_tokens_a_parameter(tmp_path: Path) -> None:
    """The same run, once from random weights and once from a checkpoint."""
    large: dict[str, Any] = {"parameters": 10**9, "declared_parameters": 10**9}
    scratch = diagnose_run(write_run(tmp_path / "scratch", **large))
    continued = diagnose_run(write_run(tmp_path / "continued", **large, **FROM_A_CHECKPOINT))

    assert names(scratch) == ["few-tokens"]
    assert (names(continued), continued.binding) == ([], "healthy")
    assert "began from a checkpoint" in as_json(continued)["inapplicable"]["few-tokens"]
    for report in (as_text(continued), as_markdown(continued)):
        assert "few-tokens: the run began from a checkpoint" in report
    assert json.dumps(as_json(continued), allow_nan=False)


def test_a_small_corpus_may_be_repeated_in_a_fine_tune(tmp_path: Path) -> None:
    small: dict[str, Any] = {"windows_per_pass": 300, "unique_train_tokens": 19_200, "parameters": 100}
    small |= {"declared_parameters": 100}
    wraps = [{"event": "wrap", "step": 38 * at, "epoch": at} for at in range(1, 8)]
    scratch = diagnose_run(write_run(tmp_path / "scratch", events=wraps, **small))
    continued = diagnose_run(write_run(tmp_path / "continued", events=wraps, **small, **FROM_A_CHECKPOINT))

    assert names(scratch) == ["many-passes"]
    assert (names(continued), continued.binding) == ([], "healthy")


@pytest.mark.parametrize(
    ("told", "answer"),
    [
        ({}, ["many-passes"]),
        ({"mode": "scratch"}, []),
        ({"mode": "fine-tune"}, []),
    ],
)
def test_what_a_trainer_began_from_is_asked_where_it_matters(
    tmp_path: Path, told: dict[str, str], answer: list[str]
) -> None:
    """Nine passes and one token a parameter: a defect from scratch, and usual in a fine-tune."""
    told |= {"parameters": "90_000", "unique_tokens": "10_000", "tokens_per_step": "900"}
    found = diagnose_run(write_state(tmp_path / "out", trainer_history(losses(100))), told)

    assert [name for name in ("few-tokens", "many-passes") if found.missing.get(name) == ("mode",)] == answer
    assert (
        ("few-tokens" in names(found)) == ("many-passes" in names(found)) == (told.get("mode") == "scratch")
    )


@pytest.mark.parametrize(
    "run",
    [
        {"status": "aborted", "reason": "initialisation: the held-out loss is 8.6, the checkpoint's is 4.6"},
        {"status": "completed", "reason": "every planned step was done"},
    ],
)
def test_weights_that_were_not_taken_over(tmp_path: Path, run: dict[str, str]) -> None:
    """The run's own abort at step 0, and a run that went on all the same."""
    aborted = run["status"] == "aborted"
    begun = BEGUN | {"difference": 4.0, "improvement": None if aborted else 0.4}
    folder = write_run(
        tmp_path / "run",
        log=[] if aborted else None,
        held_out=evaluations([8.6]) if aborted else None,
        events=[{"event": "aborted", "step": 0, "reason": "initialisation"}] if aborted else [],
        **(FROM_A_CHECKPOINT | {"initialisation": begun} | run),
    )
    found = diagnose_run(folder)

    assert (found.binding, names(found)) == ("infrastructure-masking", ["initial-weights-lost"])
    observed = found.findings[0].observed
    assert {figure.name: figure.value for figure in observed.figures}["difference"] == 4.0
    text = (folder / "run.json").read_text().splitlines()
    assert any('"initialisation"' in text[line.number - 1] for line in observed.lines if "run" in line.file)


@pytest.mark.parametrize(
    ("improvement", "error", "found"),
    [(-0.4, 0.01, ["worse-than-its-start"]), (-0.4, 0.2, []), (0.4, 0.01, []), (-0.02, 0.01, [])],
)
def test_a_fine_tune_that_ends_above_its_start(
    tmp_path: Path, improvement: float, error: float, found: list[str]
) -> None:
    """Beyond the noise of both evaluations, or not."""
    held_out = [2.0, 2.2, 2.3, 2.35, 2.38, 2.0 - improvement]
    run = write_run(
        tmp_path / "run",
        log=records(losses(start=2.2, end=2.0 - improvement)),
        held_out=evaluations(held_out, error=error),
        initialisation=BEGUN | {"improvement": improvement},
        training={"mode": "fine-tune"},
    )

    assert names(diagnose_run(run)) == found


@pytest.mark.parametrize(
    ("peak", "warmup", "found"),
    [(3e-4, 1000, ["wrong-mode-defaults"]), (3e-4, 20, []), (5e-5, 100, [])],
)
def test_a_rate_alone_is_a_choice_and_both_defaults_are_those_of_the_other_mode(
    tmp_path: Path, peak: float, warmup: int, found: list[str]
) -> None:
    from specship.pipeline.training.schedule import learning_rate

    log = records(losses())
    for record in log:
        record["lr"] = learning_rate(
            record["step"], peak=peak, floor=peak / 10, warmup_steps=warmup, planned_steps=290
        )
    training = {"mode": "fine-tune", "peak_learning_rate": peak, "warmup_steps": warmup}

    assert (
        names(diagnose_run(write_run(tmp_path / "run", log=log, initialisation=BEGUN, training=training)))
        == found
    )
