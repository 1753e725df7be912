"""What a Trainer's arguments say that the run was to be: its schedule, its steps and its device.

Source: transformers 5.23, training_args.py and optimization.py (get_scheduler).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from specship.pipeline.run_logs.facts import Schedule
from specship.pipeline.run_logs.json_values import count, number

_ANOTHER_HEAD: Final = re.compile(
    r"For(?!CausalLM|LMHead|MaskedLM|ConditionalGeneration|Seq2SeqLM|PreTraining)[A-Z]"
)
_SHAPES: Final = {
    "cosine": "cosine",
    "linear": "linear",
    "constant": "constant",
    "constant_with_warmup": "constant",
}


def declared(text: str, planned_steps: int | None) -> dict[str, Any]:
    """Facts that arguments in JSON hold; none of what they leave to a default that depends on the machine.

    `planned_steps` is what the run itself counts, where `max_steps` follows from epochs.
    """
    arguments = _object(text)
    steps = planned_steps or count(arguments.get("max_steps")) or None
    found: dict[str, Any] = {"planned_steps": steps, "schedule": _schedule(arguments, steps)}
    clip = number(arguments.get("max_grad_norm"))
    found["clip_norm"] = clip if clip and 0 < clip < math.inf else None  # 0 is none
    if arguments.get("use_cpu") is True:  # then nothing else is taken
        found |= {"device_asked": "cpu", "device_got": "cpu"}
    return {name: value for name, value in found.items() if value is not None}


def vocabulary(text: str) -> int | None:
    """Vocabulary of a model's configuration in JSON, as `predicted_vocabulary` has it."""
    return predicted_vocabulary(_object(text))


def predicted_vocabulary(config: Mapping[str, Any]) -> int | None:
    """`vocab_size` of a model whose loss is a cost of tokens: ln V bounds no loss of classes or figures."""
    found = count(config.get("vocab_size"))
    return found if found and found > 1 and not other_objective(config) else None


def other_objective(config: Mapping[str, Any]) -> str:
    """What a configuration names whose loss is none of one token among the vocabulary; else empty."""
    if config.get("problem_type") is not None:
        return f"problem_type {config['problem_type']!r:.40}"
    named = config.get("architectures")
    names = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    return next((name[:80] for name in names if _ANOTHER_HEAD.search(name)), "")


def _object(text: str) -> dict[str, Any]:
    """A JSON object that a log holds as a text; empty where it is none, since nothing hangs on it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _schedule(arguments: dict[str, Any], steps: int | None) -> Schedule | None:
    kind, peak = arguments.get("lr_scheduler_type"), number(arguments.get("learning_rate"))
    shape = _SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None or not steps or peak is None or not 0 < peak < math.inf:
        return None
    if arguments.get("lr_scheduler_kwargs"):
        return None  # of another form than the plain one
    warm_up = 0 if kind == "constant" else _warm_up(arguments, steps)
    if warm_up is None:
        return None
    return Schedule(peak=peak, floor=0.0, warmup_steps=warm_up, planned_steps=steps, shape=shape)


def _warm_up(arguments: dict[str, Any], steps: int) -> int | None:
    """Steps of warm-up: `warmup_steps`, a share of all where it is below 1, or `warmup_ratio` of before."""
    given = number(arguments.get("warmup_steps")) or number(arguments.get("warmup_ratio")) or 0.0
    if not 0 <= given <= steps:
        return None
    return int(given) if given >= 1 else math.ceil(steps * given)
