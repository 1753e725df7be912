"""Limits that healthy material would miss now and then, by chance alone."""

from __future__ import annotations

from collections.abc import Iterator

from specship.contracts.repeating import ENOUGH, Prediction, Repeated
from specship.lint.rule import Violation, rule
from specship.lint.view import View, in_force
from specship.specs.records import Profile


@rule(
    "SHIP420",
    bad="val_loss: {at_most: 2.2, unit: nats/token}   # 2.19 ± 0.01 over 40 healthy variants",
    good="val_loss: {at_most: 2.3, unit: nats/token}   # the same, 11 standard deviations away",
)
def check(view: View) -> Iterator[Violation]:
    """A limit nearer than the noise fails healthy work by chance, and people learn to run it again.

    Looked at are the records that `specship flip-rate` left in `evidence/flip-rates/`, against the limits in
    force at their profile: found is a limit that one more healthy figure would miss more often than once in a
    thousand, by Student's t. Without a record, of fewer than twenty figures, and of figures that were always
    the same, nothing is found.
    """
    for profile, document in view.profiles():
        for file, index, gate in view.gates():
            measured = view.repeated.get((profile.profile, gate.id), {})
            override = profile.overrides.get(gate.id)
            for quantity, limit in in_force(gate, override).items():
                repeated = measured.get(quantity)
                prediction = repeated.flips(limit) if repeated else Prediction()
                if repeated is None or len(repeated.values) < ENOUGH or not prediction.often:
                    continue
                own = override is not None and quantity in override.expect
                place = ("overrides", gate.id) if own else ("gates", index)
                yield Violation(
                    document if own else file.document, (*place, "expect", quantity),
                    f"{gate.id}: {_told(repeated, prediction, profile)} and {quantity} {limit.limit_text} "
                    f"is missed {100 * (prediction.rate or 0):.2g} % of the time",
                    "measure with less noise, or amend the limit; `specship flip-rate` says how far it is",
                )  # fmt: skip


def _told(repeated: Repeated, prediction: Prediction, profile: Profile) -> str:
    spread = f"{repeated.mean:.6g} ± {repeated.deviation:.2g} over {len(repeated.values)} healthy variants"
    return f"{spread} at {profile.profile}, {prediction.distance:.1f} standard deviations from the limit,"
