"""Limits of contracts that a model meets without having been trained."""

from __future__ import annotations

from collections.abc import Iterator

from specship.contracts.reader import ContractFile
from specship.contracts.records import Gate
from specship.lint.losses import UNTRAINED_FAULTS, is_loss, upper_limit
from specship.lint.rule import Violation, rule
from specship.lint.view import View, all_hold, in_force
from specship.specs.records import Profile


@rule(
    "SHIP409",
    bad="val_loss: {at_most: 12.0, unit: nats/token}   # an untrained model has 10.8",
    good="val_loss: {at_most: 2.2, unit: nats/token}",
)
def check(view: View) -> Iterator[Violation]:
    """What an untrained model meets cannot show that a model was trained.

    `[tool.specship.lint] untrained` names the report of an untrained model; without one nothing is
    found. At each profile, every limit of a contract on a loss (nats a token, bits a byte) is held
    against it, and every gate that names `untrained-checkpoint`, `untrained-weights` or
    `frozen-weights` as a fault: at least one of its limits must fail. What a profile sets itself is
    looked at by `override-anything-passes`.
    """
    seen: set[tuple[str, str]] = set()
    for profile, _ in view.profiles() if view.untrained else ():
        for file, index, gate in view.gates():
            for quantity, problem in _problems(view, profile, file, index, gate):
                if (gate.id, quantity) not in seen:
                    seen.add((gate.id, quantity))
                    yield problem


def _problems(
    view: View, profile: Profile, file: ContractFile, index: int, gate: Gate
) -> Iterator[tuple[str, Violation]]:
    measured = view.measured_untrained(gate, profile)
    override = profile.overrides.get(gate.id)
    limits = in_force(gate, override)
    if not measured or not limits:
        return
    for quantity, limit in limits.items():
        value = measured.get(quantity)
        if value is None or (override is not None and quantity in override.expect):
            continue
        if upper_limit(limit) is not None and limit.holds(value) and is_loss(quantity, value):
            yield quantity, Violation(
                file.document, ("gates", index, "expect", quantity),
                f"an untrained model has {quantity} = {value} at {profile.profile}, "
                f"and the limit is {limit.limit_text}",
                "set a limit that only a trained model reaches",
            )  # fmt: skip
    faults = UNTRAINED_FAULTS.intersection(gate.falsified_by)
    if faults and all_hold(limits, measured) and all_hold(gate.expect, measured):
        yield "", Violation(
            file.document, ("gates", index, "expect"),
            f"{gate.id} must fail on {', '.join(sorted(faults))}, and an untrained model meets every limit "
            f"of it at {profile.profile}",
            "expect something of a quantity that training moves",
        )  # fmt: skip
