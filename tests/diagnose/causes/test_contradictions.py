"""A log whose figures contradict one another: each contradiction has a cause, with figures and a refutation."""

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from specship.diagnose.diagnosing import Diagnosis
from specship.diagnose.opening import diagnose_run
from tests.diagnose.trainer_logs import VOCABULARY, Draw, from_scratch, log
from tests.diagnose.written_runs import Records, names, write_state

NAN = float("nan")


def scaled(draw: Draw, factor: float) -> Records:
    """A sound log but for its training losses, each this many times what it was."""
    return [one | {"loss": factor * one["loss"]} if "loss" in one else one for one in log(draw)]


def perplexity(draw: Draw) -> Records:
    """A sound log but for its training losses, each a perplexity."""
    return [one | {"loss": math.exp(one["loss"])} if "loss" in one else one for one in log(draw)]


def resumed_at(draw: Draw, part: float, *, every: int = 10) -> Records:
    """Weights that are random again after this part of the run."""
    return log(
        draw,
        every=every,
        curve=lambda at: from_scratch(at if at <= part else at - part),
        held_out=lambda at: 0.1 + from_scratch(at if at <= part else at - part),
    )


def summed_fine_tune(draw: Draw, count: int, *, noise: float = 0.05) -> Records:
    """Summed losses of a fine-tune, which lie below ln V: 8.6 to 6.4 for 4 steps."""
    return log(
        draw,
        curve=lambda part: count * (1.6 + 0.6 * math.exp(-4 * part)),
        noise=noise,
        held_out=lambda part: 1.65 + 0.6 * math.exp(-4 * part),
    )


def lost_at_the_end(draw: Draw) -> Records:
    """Weights that are random again 12 records before the log ends: the curve is not yet down."""

    def curve(part: float) -> float:
        return 2.0 + 8.4 * math.exp(-4 * part)

    return log(draw, curve=lambda at: curve(at if at <= 0.8 else at - 0.8), held_out=curve, evaluate=450)


def rate_again(draw: Draw, warm_up: float, at: float = 0.4) -> Records:
    """A schedule that begins again at this part of the run, with or without its warm-up."""

    def rate(part: float) -> float:
        return 3e-4 * (min(1.0, part / warm_up) if warm_up else 1.0) * (1 - part)

    return log(draw, rate=lambda part: rate(part if part <= at + 1e-9 else part - at))


def without_gradient(draw: Draw, *, since: int = 0, falling: bool = False) -> Records:
    found = log(draw, curve=from_scratch if falling else lambda _: 2.35, noise=0.03)
    for one in found:
        if one["step"] > since and "loss" in one:
            one["grad_norm"] = 0.0
    return found


def held_out(draw: Draw, *values: float, key: str = "eval_loss", epochs: float = 1.0) -> Records:
    """A sound log of several epochs with these held-out losses."""
    curve = from_scratch if epochs == 1.0 else lambda part: 2.0 * math.exp(-3 * part)
    found = [one for one in log(draw, curve=curve) if "loss" in one]
    return found + [{"step": 100 * at, key: value} for at, value in enumerate(values, 1)]


def copied(draw: Draw) -> Records:
    found = log(draw)
    trained = {one["step"]: one["loss"] for one in found if "loss" in one}
    return [one | {"eval_loss": trained[one["step"]]} if "eval_loss" in one else one for one in found]


def diverged(draw: Draw) -> Records:
    return log(draw, curve=lambda _: 180.0, noise=40.0, held_out=lambda _: 170.0)


OFF = ["loss-off-scale"]
FROZEN = 6.9220271110534
SICK: dict[str, tuple[Callable[[Draw], Records], list[str]]] = {
    **{f"summed over {count}": (partial(scaled, factor=count), OFF) for count in (2, 4, 8, 64)},
    **{f"divided by {count} again": (partial(scaled, factor=1 / count), OFF) for count in (2, 4, 16)},
    "bits": (partial(scaled, factor=1 / math.log(2)), OFF),
    "perplexity": (perplexity, OFF),
    "summed over 4 in a fine-tune": (partial(summed_fine_tune, count=4), OFF),
    "summed over 3 in a fine-tune": (partial(summed_fine_tune, count=3), OFF),
    "weights lost just before the end": (lost_at_the_end, ["weights-lost", "divergence"]),
    "weights lost": (lambda draw: resumed_at(draw, 0.4), ["weights-lost"]),
    "weights lost late": (lambda draw: resumed_at(draw, 0.6, every=2), ["weights-lost", "divergence"]),
    "schedule again, with its warm-up": (lambda draw: rate_again(draw, 0.1), ["schedule-began-again"]),
    "schedule again, without one": (lambda draw: rate_again(draw, 0.0), ["schedule-began-again"]),
    "no gradient": (without_gradient, ["no-gradient"]),
    "no gradient any more": (lambda draw: without_gradient(draw, since=300), ["no-gradient"]),
    "a field that is not filled": (lambda draw: without_gradient(draw, falling=True), ["dead-telemetry"]),
    "evaluation of a copy": (
        lambda draw: held_out(draw, *[FROZEN] * 4),
        ["evaluation-of-another-model"],
    ),
    "an optimizer of other tensors": (
        lambda draw: log(draw, curve=lambda _: 6.92, held_out=lambda _: FROZEN, evaluation_noise=0.0),
        ["weights-unmoved"],
    ),
    "held-out is training": (copied, ["held-out-is-training"]),
    "a named evaluation is NaN": (
        lambda draw: held_out(draw, 5.0, 4.0, NAN, key="eval_code_loss"),
        ["non-finite"],
    ),
    "Lightning's evaluation is infinite": (
        lambda draw: held_out(draw, 5.0, math.inf, 4.0, key="val/loss"),
        ["non-finite"],
    ),
    "a named text is learned by heart": (
        lambda draw: held_out(draw, 2.0, 1.6, 1.5, 1.9, 2.4, 2.9, key="eval_wiki_loss", epochs=3.0),
        ["memorisation"],
    ),
    "lost from the first step": (diverged, ["divergence"]),
}


def examined(folder: Path, history: Records, told: dict[str, str] | None = None) -> Diagnosis:
    state = write_state(folder, history, epoch=3.0, num_train_epochs=3)
    return diagnose_run(state, {"vocabulary": str(VOCABULARY)} if told is None else told)


@pytest.mark.parametrize("kind", SICK)
def test_a_contradiction_has_a_cause(tmp_path: Path, kind: str) -> None:
    make, found = SICK[kind]
    for seed in range(3):
        diagnosis = examined(tmp_path / str(seed), make(Draw(seed)))

        assert names(diagnosis) == found, seed
        assert diagnosis.findings[0].observed.figures
        assert diagnosis.findings[0].observed.lines
        assert diagnosis.findings[0].observed.refute_by


def test_a_sum_is_seen_without_a_vocabulary_where_no_vocabulary_is_so_large(tmp_path: Path) -> None:
    """16 times 3.2 nats: a guess would cost as much among 10^22 tokens."""
    assert names(examined(tmp_path / "run", scaled(Draw(1), 16), {})) == OFF


def test_the_sum_says_over_how_many(tmp_path: Path) -> None:
    observed = examined(tmp_path / "run", scaled(Draw(1), 8)).findings[0].observed

    assert "the sum of 8 means" in observed.says
    assert {one.name: one.value for one in observed.figures}["training_over_held_out"] == pytest.approx(
        8, 0.1
    )


def test_a_symptom_stands_behind_its_cause(tmp_path: Path) -> None:
    """A rate of zero leaves a plateau and held-out losses that do not move."""
    history = log(
        Draw(1), curve=lambda _: 10.37, noise=0.01, held_out=lambda _: FROZEN + 3, evaluation_noise=0.0
    )
    found = examined(
        tmp_path / "run", [one | {"learning_rate": 0.0} if "loss" in one else one for one in history]
    )

    assert names(found)[0] == "learning-rate-zero"
    assert {"plateau", "weights-unmoved"} <= set(names(found))


@pytest.mark.parametrize(
    "key", ["eval_loss", "eval_code_loss", "val_loss", "val/loss", "validation_loss_epoch"]
)
def test_an_evaluation_is_known_by_any_of_its_names(tmp_path: Path, key: str) -> None:
    found = examined(tmp_path / "run", held_out(Draw(1), 5.0, 4.0, key=key)).facts.evaluations

    assert [(one.step, one.loss) for one in found] == [(100, 5.0), (200, 4.0)]
    assert found[0].name == ("code" if "code" in key else "")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"step": 10.0}, None),
        ({"step": "10"}, "no step: '10' is no whole number"),
        ({"step": 10.5}, "no step: 10.5 is no whole number"),
        ({"epoch": 0.1}, "no step, but its epoch alone"),
        ({}, "no step"),
    ],
)
@pytest.mark.parametrize("loss", ["loss", "eval_loss"])
def test_a_step_that_is_written_in_another_way(
    tmp_path: Path, record: dict[str, object], says: str | None, loss: str
) -> None:
    history = [record | {loss: 9.0}, {"step": 20, loss: 8.0}]
    text = json.dumps({"log_history": history, "global_step": 20, "max_steps": 20})
    (tmp_path / "trainer_state.json").write_text(text)
    facts = diagnose_run(tmp_path).facts
    read = facts.steps if loss == "loss" else facts.evaluations

    assert [one.step for one in read] == ([10, 20] if says is None else [20])
    assert facts.damage == (
        () if says is None else (f"trainer_state.json entry 1: it has a loss and {says}",)
    )
