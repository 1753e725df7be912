"""Logs as a Trainer writes them, of curves of loss and rate: healthy but for what a test asks for."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from tests.diagnose.written_runs import Records

Draw = random.Random
Curve = Callable[[float], float]
VOCABULARY = 32_000
"""Knowing nothing costs 10.4 nats a token."""


def from_scratch(part: float) -> float:
    """Nats a token after this part of a run that begins knowing nothing: 10.4 to 3.2."""
    return 3.2 + 7.2 * math.exp(-9 * part)


def cosine(part: float) -> float:
    return 3e-4 * min(1.0, part / 0.1) * 0.5 * (1 + math.cos(math.pi * part))


def log(
    draw: Draw,
    *,
    curve: Curve = from_scratch,
    rate: Curve = cosine,
    noise: float = 0.05,
    steps: int = 600,
    every: int = 10,
    evaluate: int = 100,
    held_out: Curve | None = None,
    evaluation_noise: float = 0.003,
    decimals: int = 4,
    norm: Curve = lambda part: 0.6 + 1.5 * math.exp(-9 * part),
    **figures: Any,
) -> Records:
    """A Trainer's log of these curves of the part of the run that is done."""
    held_out, found = held_out or (lambda part: curve(part) + 0.1), []
    for step in range(1, steps + 1):
        part = step / steps
        if step % every == 0:
            loss = round(abs(curve(part) + draw.gauss(0, noise)), decimals)
            gradient = norm(part) * math.exp(draw.gauss(0, 0.2))
            found.append(
                {"step": step, "loss": loss, "grad_norm": gradient, "learning_rate": rate(part)} | figures
            )
        if step % evaluate == 0:
            loss = held_out(part) + draw.gauss(0, evaluation_noise)
            found.append({"step": step, "eval_loss": loss, "eval_runtime": 2.0})
    return found
