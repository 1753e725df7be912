"""Facts that somebody tells of a run because its records do not hold them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from specship.bounds import JSON_LARGEST_INTEGER
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.run_logs.facts import TELLABLE, Facts, Schedule
from specship.pipeline.training.settings import MODE_DEFAULTS

_COUNTS: Final = frozenset(
    {"parameters", "vocabulary", "unique_tokens", "tokens_per_step", "planned_steps", "patience"}
)
_SHAPES: Final = ("cosine", "linear", "constant")
_ANY: Final = "auto"
"""A device that names none: what was meant may be told."""
_NUMBER: Final = re.compile(r"[0-9]+(_[0-9]+)*(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_WHOLE: Final = re.compile(r"[0-9]+(_[0-9]+)*")


def told(facts: Facts, words: Mapping[str, str]) -> Facts:
    """The facts with those that a caller tells.

    Raises:
        UnknownName: no fact is called that.
        UnusableInput: it is on record, or what is told is no figure.
    """
    values: dict[str, Any] = {}
    for name, text in words.items():
        if name not in TELLABLE:
            known = did_you_mean(name, TELLABLE) or f"known are {', '.join(TELLABLE)}"
            raise UnknownName(f"no fact is called {name!r}", mend=known)
        on_record = facts.schedule if name == "lr_schedule" else getattr(facts, name)
        if on_record is not None and not (name == "device_asked" and facts.device_asked == _ANY):
            raise UnusableInput(
                f"{name} is on record: {on_record}",
                why="what a run recorded counts, and nothing that is said afterwards",
            )
        values[name] = _value(name, text)
    if shape := values.get("lr_schedule"):
        values["schedule"] = Schedule(
            peak=0.0, floor=0.0, warmup_steps=0, planned_steps=0, shape=shape, whole=False
        )
    return replace(facts, **values, told=facts.told | values.keys())


def _value(name: str, text: str) -> int | float | str:
    if name == "mode":
        return _mode(text)
    if name == "lr_schedule":
        return _shape(text)
    if name not in (*_COUNTS, "device_flops", "min_improvement"):
        return text
    number = float(text) if _NUMBER.fullmatch(text) else -1.0
    if name == "min_improvement" and 0 <= number < math.inf:
        return number
    if name == "device_flops" and 0 < number < math.inf:
        return number
    if name in _COUNTS and _WHOLE.fullmatch(text) and 0 < number <= JSON_LARGEST_INTEGER:
        return int(text)
    kind = "whole number above 0 and up to 2**53" if name in _COUNTS else "number above 0"
    kind = "number of at least 0" if name == "min_improvement" else kind
    meant = int(number) if name in _COUNTS and number.is_integer() else 0
    example = meant if 0 < meant <= JSON_LARGEST_INTEGER else "NUMBER"
    raise UnusableInput(f"{name} is {text[:40]!r}, not a {kind}", mend=f"write {name}={example}")


def _mode(text: str) -> str:
    if text not in MODE_DEFAULTS:
        raise UnusableInput(
            f"mode is {text[:40]!r}",
            why="a run begins from random weights or from a checkpoint",
            mend=did_you_mean(text, MODE_DEFAULTS) or f"write one of {', '.join(MODE_DEFAULTS)}",
        )
    return text


def _shape(text: str) -> str:
    if text not in _SHAPES:
        raise UnusableInput(
            f"lr_schedule is {text[:40]!r}",
            why="a schedule is told by what follows its warm-up",
            mend=did_you_mean(text, _SHAPES) or f"write one of {', '.join(_SHAPES)}",
        )
    return text
