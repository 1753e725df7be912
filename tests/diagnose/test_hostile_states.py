"""States of a Trainer that nobody planned for: an answer, valid JSON, and no defect of ours."""

import json
import math
from pathlib import Path
from typing import Any, NoReturn

import pytest

from specship.cli import main

NAN, INF = float("nan"), float("inf")
Records = list[dict[str, Any]]


def steps(count: int, **figures: Any) -> Records:
    sound = {"loss": 3.0, "grad_norm": 1.0, "learning_rate": 1e-4}
    return [
        sound | {"step": at, "loss": 3.0 - at / 100 + at * at % 7 / 50} | figures
        for at in range(1, count + 1)
    ]


STATES: dict[str, Records] = {
    "every loss is NaN": steps(40, loss=NAN),
    "NaN from step 20": steps(20) + [one | {"loss": NAN} for one in steps(40)[20:]],
    "every evaluation is NaN": [*steps(40), {"step": 20, "eval_loss": NAN}, {"step": 40, "eval_loss": NAN}],
    "the last evaluation is NaN": [
        *steps(40),
        {"step": 20, "eval_loss": 2.9},
        {"step": 40, "eval_loss": NAN},
    ],
    "losses are infinite": steps(40, loss=INF),
    "gradients are infinite": steps(40, grad_norm=-INF),
    "the counter stands": steps(40, step=7),
    "the counter goes back": steps(40) + steps(20),
    "a step is a number without end": [*steps(10), {"step": 2**53, "loss": 1.0}],
    "numbers that no float holds": steps(40, loss=10**400, grad_norm=-(10**400), learning_rate=10**400),
    "everything is 0": steps(40, loss=0, grad_norm=0, learning_rate=0),
    "nothing": [],
    "no record": [7, None, [], "x"],  # type: ignore[list-item]
}
TOLD = {
    "parameters": "1000",
    "vocabulary": "2",
    "unique_tokens": "30000",
    "tokens_per_step": "256",
    "device_asked": "cuda",
    "device_got": "cuda:0",
    "mode": "scratch",
    "device_flops": "1e12",
}


def no_number(text: str) -> NoReturn:
    raise AssertionError(f"{text} is not JSON")


@pytest.mark.parametrize("told", [{}, TOLD], ids=["alone", "told"])
@pytest.mark.parametrize("what", STATES)
def test_any_state_is_answered_in_valid_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, told: dict[str, str]
) -> None:
    state = {"log_history": STATES[what], "max_steps": 40, "global_step": 40, "num_train_epochs": 1}
    (tmp_path / "trainer_state.json").write_text(json.dumps(state | {"total_flos": 1e15}))
    facts = [part for name, value in told.items() for part in ("--fact", f"{name}={value}")]
    for form in ("text", "markdown", "json"):
        assert main(["diagnose", str(tmp_path), "--format", form, *facts]) == 1
        shown = capsys.readouterr().out
        assert shown.strip()
    report = json.loads(shown, parse_constant=no_number)

    assert all(0 <= one["confidence"] <= 1 for one in report["findings"])
    assert all(math.isfinite(one["confidence"]) for one in report["classes"])


@pytest.mark.parametrize(
    "what", ["every loss is NaN", "NaN from step 20", "every evaluation is NaN", "losses are infinite"]
)
def test_what_is_no_number_is_an_optimization_defect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    state = {"log_history": STATES[what], "max_steps": 40, "global_step": 40}
    (tmp_path / "trainer_state.json").write_text(json.dumps(state))
    main(["diagnose", str(tmp_path), "--format", "json", "--fact", "vocabulary=300"])
    report = json.loads(capsys.readouterr().out)

    assert (report["binding"], report["findings"][0]["name"]) == ("optimization-defect", "non-finite")
