"""How a Trainer's run ended by its state, and how long all of it took.

Source: transformers 5.23, trainer_callback.py (TrainerState, EarlyStoppingCallback.state) and trainer.py
(_finalize_training logs `train_runtime`; set_initial_training_values plans `sys.maxsize` epochs of data
without a length).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from specship.pipeline.run_logs.json_values import count, number

CHECKPOINT: Final = "checkpoint-"
_RUNTIME: Final = "train_runtime"
_LAST: Final = "train_loss"
"""A key of the record that `train()` logs when it comes to its end, and of no other; where tokens are counted
every record of a step has `train_runtime` too."""
_NO_LENGTH: Final = 1 << 31
_EARLY: Final = "EarlyStoppingCallback"
_PATIENCE: Final = "early_stopping_patience"
_THRESHOLD: Final = "early_stopping_threshold"


def epochs(state: dict[str, Any]) -> float | None:
    """Passes over the data; not where these have no length: Trainer then plans `sys.maxsize` epochs."""
    planned = count(state.get("num_train_epochs"))
    if planned is None or not 0 < planned < _NO_LENGTH:
        return None
    found = number(state.get("epoch"))
    return found if found is not None and 0 <= found < _NO_LENGTH else None


def ending(state: dict[str, Any], path: Path, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """How the run ended: as planned, by a callback, by `train()` coming to its end, or not yet."""
    planned = count(state.get("max_steps"))
    step = count(state.get("global_step"))
    if step is None:  # its log then says how far it got
        step = max((found for entry in entries if (found := count(entry.get("step")))), default=None)
    ended = any(_LAST in entry for entry in entries)
    reason = _early_stop(state)
    finished: bool | None = None
    if ended or reason or (step is not None and planned and step >= planned):
        finished = True
    elif step is not None and planned and path.parent.name.startswith(CHECKPOINT):
        finished = False
    return {
        "ended_step": None if finished is False else step,
        "steps_done": step,
        "finished": finished,
        "stop_reason": reason if step is None or not planned or step < planned else "",
    }


def stopping_rule(state: dict[str, Any], losses: Iterable[float]) -> dict[str, Any]:
    """Patience and threshold of the only `EarlyStoppingCallback`, where it followed one of these losses.

    Which metric it follows stands nowhere but in a pickle; the best value of it does.
    """
    best, rules = number(state.get("best_metric")), list(_early_stops(state))
    if len(rules) != 1 or best is None or best not in losses:
        return {}
    patience, threshold = count(rules[0][0].get(_PATIENCE)), number(rules[0][0].get(_THRESHOLD))
    return {"patience": patience, "min_improvement": threshold} if patience and threshold is not None else {}


def _early_stop(state: dict[str, Any]) -> str:
    """In words where an `EarlyStoppingCallback` had lost its patience."""
    for given, used in _early_stops(state):
        patience, spent = (count(given.get(_PATIENCE)), count(used.get(f"{_PATIENCE}_counter")))
        if patience is not None and spent is not None and spent >= max(patience, 1):
            return f"{_EARLY}: {spent} evaluations without improvement, {patience} were allowed"
    return ""


def _early_stops(state: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Settings and state of each callback; a list where there are several."""
    callbacks = state.get("stateful_callbacks")
    found = callbacks.get(_EARLY) if isinstance(callbacks, dict) else None
    for one in found if isinstance(found, list) else [found]:
        parts = [one.get(name) if isinstance(one, dict) else None for name in ("args", "attributes")]
        given, used = (part if isinstance(part, dict) else {} for part in parts)
        yield given, used


def whole_runtime(state: dict[str, Any], entries: list[dict[str, Any]]) -> float | None:
    """Seconds that all steps took; None where an earlier process did a part of them.

    `train_runtime` is the time of one call of `train()`, while `total_flos` goes on from a checkpoint.
    Trainer logs the steps a second of the steps that this call did. Earlier releases divide the planned steps
    instead; there a resumed run that came to its end cannot be told from a whole one.
    """
    found = [entry for entry in entries if _LAST in entry]
    if len(found) != 1:
        return None
    seconds, speed = number(found[0].get(_RUNTIME)), number(found[0].get("train_steps_per_second"))
    steps = count(state.get("global_step"))
    if seconds is None or speed is None or not steps or not 0 < seconds * speed < _NO_LENGTH:
        return None
    # The speed is logged with three digits behind the point.
    return seconds if abs(seconds * speed - steps) <= 0.0005 * seconds + 1 else None
