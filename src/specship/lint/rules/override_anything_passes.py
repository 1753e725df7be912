"""Limits of a rehearsal that ask for nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from specship.contracts.document import Document
from specship.contracts.expectation import Expectation
from specship.contracts.records import Gate
from specship.lint.losses import UNTRAINED_FAULTS, is_loss, lower_limit, upper_limit
from specship.lint.rule import Violation, rule
from specship.lint.view import View, all_hold, in_force
from specship.specs.records import Override, Profile
from specship.units import Quantity, unit_named

_BITS_OF_A_BYTE = 8.0
_NEAR = 0.01


@rule(
    "SHIP410",
    bad="overrides: {GATE-TRAIN-003: {reason: tiny, expect: {val_loss: {at_most: 9.5, unit: nats/token}}}}\n"
    "# ln 1024 is 6.93: a model that guesses does better",
    good="overrides: {GATE-TRAIN-003: {reason: tiny, expect: {val_loss: {at_most: 4.05, unit: nats/token}}}}",
)
def check(view: View) -> Iterator[Violation]:
    """A rehearsal whose limits anything meets rehearses nothing, and its green gate is believed.

    An override is a finding when its upper limit in nats a token is not below the logarithm of the
    vocabulary (in bits a byte: not below 8), which guessing reaches; when a limit lies within 1 % of
    the end of what its unit can carry; when what it leaves only counts how much was looked at; when
    the report of an untrained model meets a limit on a loss, or on quality in a gate that must fail on
    untrained weights; when `drop` takes the one limit that this model does not meet; and when, with the
    override, it meets every limit of a gate that must fail on untrained weights.
    """
    for profile, document in view.profiles("rehearsal"):
        for gate_id, override in profile.overrides.items():
            if gate_id not in view.gate_by_id:
                continue
            gate = view.gate_by_id[gate_id][2]
            ceiling = _guessing(view, profile, view.model_of(gate))
            measured = view.measured_untrained(gate, profile)
            problems = [
                Violation(
                    document, ("overrides", gate_id, "expect", quantity),
                    f"{quantity} {limit.limit_text}: {why}", "set the limit from a measured rehearsal",
                )
                for quantity, limit in override.expect.items()
                if (why := _too_loose(gate, quantity, limit, ceiling, measured))
            ]  # fmt: skip
            problems += _dropped(document, gate, override, measured)
            yield from problems or _altogether(document, gate, override, measured)


def _guessing(view: View, profile: Profile, model: str | None) -> Mapping[str, float]:
    """Loss that every text has when nothing is known, by unit."""
    record = view.known.settings.get("tokenizer")
    field = record.model_fields.get("vocab_size") if record is not None else None
    section: Mapping[str, Any] = profile.settings_of(model or "").get("tokenizer", {})
    size = section.get("vocab_size", field.default if field is not None else None)
    known = type(size) is int and size > 1
    return {"bits/byte": _BITS_OF_A_BYTE} | ({"nats/token": math.log(size)} if known else {})


def _too_loose(
    gate: Gate,
    quantity: str,
    limit: Expectation,
    ceiling: Mapping[str, float],
    measured: Mapping[str, Quantity],
) -> str:
    """Why a limit asks for nothing, or the empty text."""
    upper, lower, value = upper_limit(limit), lower_limit(limit), measured.get(quantity)
    if upper is not None and upper >= ceiling.get(limit.unit, math.inf):
        return f"guessing gives {ceiling[limit.unit]:.3g} {limit.unit}"
    if _at_the_end(limit, lower, upper):
        return f"it lies within 1 % of the end of what {limit.unit} can carry"
    if value is None or not limit.holds(value) or (upper is None and lower is None):
        return ""
    unit = unit_named(limit.unit)
    amount = upper is None and unit is not None and unit.counts
    if is_loss(quantity, value) or (UNTRAINED_FAULTS.intersection(gate.falsified_by) and not amount):
        return f"an untrained model has {value}"
    return ""


def _at_the_end(limit: Expectation, lower: float | None, upper: float | None) -> bool:
    unit = unit_named(limit.unit)
    if unit is None or not math.isfinite(unit.highest) or not math.isfinite(unit.lowest):
        return False
    margin = _NEAR * (unit.highest - unit.lowest)
    low = lower is None or lower <= unit.lowest + margin
    high = upper is None or upper >= unit.highest - margin
    return low and high and not (lower is None and upper is None)


def _dropped(
    document: Document, gate: Gate, override: Override, measured: Mapping[str, Quantity]
) -> Iterator[Violation]:
    if not override.drop:
        return
    left = in_force(gate, override)
    at = ("overrides", gate.id, "drop")
    if left and all(_counts(limit) for limit in left.values()):
        yield Violation(
            document, at, f"what is left of {gate.id} only counts how much was looked at",
            "keep a limit that a defect would break",
        )  # fmt: skip
    elif left and measured and all_hold(left, measured):
        failing = [name for name in override.drop if not gate.expect[name].met(name, measured)]
        if failing:
            yield Violation(
                document, at, f"without {', '.join(failing)} an untrained model meets all of {gate.id}",
                "set a limit of the rehearsal's own instead of dropping it",
            )  # fmt: skip


def _altogether(
    document: Document, gate: Gate, override: Override, measured: Mapping[str, Quantity]
) -> Iterator[Violation]:
    faults = UNTRAINED_FAULTS.intersection(gate.falsified_by)
    if not faults or not measured or all_hold(gate.expect, measured):
        return
    if all_hold(in_force(gate, override), measured):
        yield Violation(
            document, ("overrides", gate.id), f"with it an untrained model meets every limit of {gate.id}",
            "keep a limit that only a trained model reaches",
        )  # fmt: skip


def _counts(limit: Expectation) -> bool:
    unit = unit_named(limit.unit)
    return unit is not None and unit.counts and limit.operator in {"at_least", "above"}
