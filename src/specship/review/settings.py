"""Which way a setting of a profile goes: does more of it find more, or less.

A setting that decides how much is looked at has a direction; one that stands here in no row changes what is
measured in a way that nobody can order, and is said to measure otherwise.
"""

from __future__ import annotations

from typing import Any, Final

from specship.review.records import Direction

MORE_IS_STRICTER: Final = {
    "baseline.heldout_tokens": True,
    "completions.headers": True,
    "completions.new_tokens": True,
    "completions.samples": True,
    "corpus.containment": False,
    "corpus.heldout_fraction": True,
    "corpus.near_duplicate_jaccard": False,
    "generations.new_tokens": True,
    "generations.others": True,
    "generations.prompts": True,
    "generations.samples": True,
    "humaneval.max_tokens": True,
    "humaneval.runs": True,
    "humaneval.samples": True,
    "parity.prompts": True,
    "parity.steps": True,
    "replay.other_seed_steps": True,
    "replay.resume_steps": True,
    "replay.same_seed_steps": True,
    "speed.samples": True,
    "speed.tokens": True,
    "training.abort_above_ln_vocabulary": False,
    "training.abort_on_held_out_growth": False,
    "training.evaluate_every": False,
    "training.evaluation_tokens": True,
    "training.steps": True,
}
"""Section and key of each setting with a direction; a list is more where it holds all of the other one."""


def direction_of(name: str, before: Any, after: Any) -> Direction:
    """What a setting's change means; a value that is not written is the default of its stage."""
    more = MORE_IS_STRICTER.get(name)
    if more is None:
        return Direction.OTHERWISE
    one, other = (_default(name) if value is None else value for value in (before, after))
    if one == other:
        return Direction.NEUTRAL
    if isinstance(one, tuple) and isinstance(other, tuple):
        grows, shrinks = set(one) < set(other), set(other) < set(one)
    elif _is_number(one) and _is_number(other):
        grows, shrinks = other > one, other < one
    else:
        return Direction.OTHERWISE
    if grows == shrinks:
        return Direction.OTHERWISE
    return Direction.STRENGTHENED if grows == more else Direction.WEAKENED


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _default(name: str) -> Any:
    """What a stage takes where nothing is written; None where it must be written."""
    from specship.pipeline.registry import all_sections

    section, _, key = name.partition(".")
    record = all_sections().get(section)
    field = record.model_fields.get(key) if record else None
    return None if field is None or field.is_required() else field.default
