"""Logs of many kinds of healthy runs: whatever their noise, schedule and interval, none is accused."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from tests.diagnose.trainer_logs import VOCABULARY, Draw, cosine, from_scratch, log
from tests.diagnose.written_runs import Records, names, write_state


def spikes(draw: Draw) -> Records:
    """Losses that jump by several nats and are back within a few records, two of them to where it began."""
    found = log(draw, every=1)
    logged = [one for one in found if "loss" in one]
    for at, height in ((150, 4.0), (300, 7.0), (430, 7.2)):
        for behind, share in enumerate((1.0, 0.5, 0.2, 0.05)):
            logged[at + behind]["loss"] += height * share
            logged[at + behind]["grad_norm"] *= 1 + 20 * share
    return found


def several_texts(draw: Draw, forgotten: float = 0.6) -> Records:
    """A fine-tune on code, for three epochs: code is learned, prose is forgotten."""
    found = log(draw, curve=lambda part: 1.6 - 0.6 * part, noise=0.1)
    for one in [one for one in found if "eval_loss" in one]:
        part = one["step"] / 600
        one["eval_code_loss"] = one.pop("eval_loss")
        prose = 2.0 + forgotten * part + draw.gauss(0, 0.003)
        found.append({"step": one["step"], "eval_prose_loss": prose})
    return found


def parts(draw: Draw) -> Records:
    """A second loss that is a part of the first, and that grows by design."""
    found = log(draw)
    for one in found:
        if "eval_loss" in one:
            one["eval_kl_loss"] = 0.05 * 2 ** (one["step"] / 100)
    return found


def rewarmed(draw: Draw) -> Records:
    """Training that went on after the end of its schedule, with a second warm-up, as it is recommended."""
    return log(draw, rate=lambda part: cosine(2 * part % 1.0 or 1.0) if part < 0.8 else cosine(part - 0.5))


def resumed(draw: Draw) -> Records:
    """Four resumes, one record each logged twice, and nothing lost."""
    found = log(draw, every=5)
    return [one for at, one in enumerate(found) for _ in range(2 if at in {20, 50, 51, 90} else 1)]


def early_stop(draw: Draw) -> Records:
    return [one for one in log(draw) if one["step"] <= 400]


def policy_gradient(draw: Draw) -> Records:
    """The objective of GRPO: around 0, and without a gradient where all answers of a group are alike."""
    found = log(draw, curve=lambda part: 0.002 * part, noise=0.001, evaluate=10**6)
    for one in found:
        one["grad_norm"] *= draw.random() < 0.6
    return found


def triangles(part: float) -> float:
    return 1e-5 + 3e-4 * (1 - abs(1 - (5 * part) % 1.0 * 2))


def stable_then_decay(part: float) -> float:
    return 3e-4 * min(1.0, part / 0.05, (1.001 - part) / 0.2)


def another_domain(part: float) -> float:
    """Falls, and begins anew at nearly that height with another text, in about as many steps."""
    return 2.0 + 7.0 * math.exp(-8 * part) if part <= 0.5 else 2.6 + 6.0 * math.exp(-10 * (part - 0.5))


def objective(draw: Draw, rest: float, falls: float) -> Records:
    """What is no cost of tokens, far above ln V from the beginning to the end."""
    return log(
        draw,
        curve=lambda part: rest + falls * math.exp(-4 * part),
        noise=0.03 * rest,
        held_out=lambda part: 1.05 * rest + falls * math.exp(-4 * part),
    )


KINDS: dict[str, Callable[[Draw], Records]] = {
    "from scratch": log,
    "noisy and small": lambda draw: log(draw, noise=0.5, steps=60, every=1, evaluate=20),
    "a record every 50 steps": lambda draw: log(draw, every=50),
    "a record a step": lambda draw: log(draw, every=1, decimals=17),
    "one evaluation": lambda draw: log(draw, evaluate=600),
    "stopped early": early_stop,
    "resumed often": resumed,
    "accumulated, and the mean": lambda draw: log(draw, noise=0.01),
    "fine-tune": lambda draw: log(draw, curve=lambda part: 1.1 - 0.1 * part, noise=0.2),
    "fine-tune that learns little": lambda draw: log(
        draw, curve=lambda _: 1.6, noise=0.2, held_out=lambda _: 1.6
    ),
    "fine-tune to almost nothing": lambda draw: log(
        draw, curve=lambda part: 1.2 * math.exp(-8 * part), noise=0.01, held_out=lambda part: 0.3 - 0.1 * part
    ),
    "an easier text held out": lambda draw: log(draw, held_out=lambda part: 0.6 * from_scratch(part)),
    "half as hard from the first evaluation": lambda draw: log(
        draw, held_out=lambda part: 0.5 * from_scratch(part), evaluate=200
    ),
    "a harder text held out": lambda draw: log(draw, held_out=lambda part: 5.0 + 0.7 * from_scratch(part)),
    "a much harder text, of a fine-tune": lambda draw: log(
        draw, curve=lambda part: 1.0 - 0.2 * part, held_out=lambda part: 4.0 - 0.9 * part
    ),
    "constant rate": lambda draw: log(draw, rate=lambda _: 1e-4),
    "cosine with restarts": lambda draw: log(draw, rate=lambda part: cosine(0.1 + 0.9 * (3 * part % 1.0))),
    "restarts that take ever longer": lambda draw: log(
        draw, rate=lambda part: 3e-4 * 0.5 * (1 + math.cos(math.pi * (math.log2(1 + 7 * part) % 1.0)))
    ),
    "cycles of a rate": lambda draw: log(draw, rate=triangles),
    "warmed up again": rewarmed,
    "warm-up, stable, decay": lambda draw: log(draw, rate=stable_then_decay),
    "rate lowered at plateaus": lambda draw: log(draw, rate=lambda part: 3e-4 * 0.5 ** int(4 * part)),
    "spikes that recover": spikes,
    "several texts": several_texts,
    "parts of a loss": parts,
    "a curriculum that gets harder": lambda draw: log(
        draw,
        curve=lambda part: 3.0 + 0.5 * int(3 * part) - (3 * part % 1.0) * 0.3,
        held_out=lambda part: 5.0 - part,
    ),
    "three epochs": lambda draw: log(
        draw,
        curve=lambda part: 2.0 - 0.3 * int(3 * part) - 0.05 * part,
        held_out=lambda part: 1.95 - 0.1 * part,
    ),
    "a harder text from the middle on": lambda draw: log(
        draw, curve=another_domain, held_out=lambda part: 2.4 + 7.0 * math.exp(-3 * part), evaluate=60
    ),
    "training text of 3 times the loss": lambda draw: log(
        draw, curve=lambda part: 3.66 - 0.18 * part, held_out=lambda part: 1.23 - 0.18 * part
    ),
    "training text of 4 times the loss, at rest": lambda draw: log(
        draw, curve=lambda _: 4.0, held_out=lambda _: 1.0
    ),
    "a third as hard, from random weights": lambda draw: log(
        draw, held_out=lambda part: from_scratch(part) / 3
    ),
    "half as hard, in a fine-tune": lambda draw: log(
        draw, curve=lambda part: 3.0 - part, held_out=lambda part: 1.5 - 0.5 * part
    ),
    "squared errors": lambda draw: objective(draw, 60, 900),
    "a preference objective of thousands": lambda draw: objective(draw, 1500, 1000),
    "a sum over frames": lambda draw: objective(draw, 40, 400),
    "weights that begin too large": lambda draw: log(draw, curve=lambda part: from_scratch(part) * 2.5 - 4.5),
    "such weights, and a log that ends above ln V": lambda draw: log(
        draw,
        curve=lambda part: 11.5 + 14 * math.exp(-2 * part),
        held_out=lambda part: 9.3 - 0.3 * part,
        steps=60,
        every=1,
        evaluate=30,
    ),
    "such weights, and an easier text": lambda draw: log(
        draw, curve=lambda part: 4.0 + 22.0 * math.exp(-9 * part), held_out=from_scratch
    ),
    "a bad beginning": lambda draw: log(draw, curve=lambda part: 3.2 + 30 * math.exp(-40 * part)),
    "reinforcement learning": policy_gradient,
    "preferences": lambda draw: log(draw, curve=lambda part: 0.69 * math.exp(-2 * part), noise=0.03),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_healthy_log_is_accused_of_nothing(tmp_path: Path, kind: str) -> None:
    for seed in range(3):
        history = KINDS[kind](Draw(seed))
        state = write_state(tmp_path / str(seed), history, epoch=3.0, num_train_epochs=3)
        for told in ({}, {"vocabulary": str(VOCABULARY)}):
            assert names(diagnose_run(state, told)) == [], (seed, told)
