"""Percentages of two sides, line by line, and the statements behind them; light, for where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from specship.review.pairing import Pairing
from specship.review.records import ShipPercent
from specship.review.sides import ProjectSide
from specship.specs.records import FALSIFICATION

_EVIDENCE: Final = "evidence"
Percents = Mapping[tuple[str, str], float]
"""Of a model at a profile."""


def evidence_of(side: ProjectSide) -> dict[str, str]:
    """The id of each statement that a side has committed, by its path; of those in packs, by the one it had.

    Lines of packs that are damaged are among them, by pack and number.
    """
    folder = side.inside(_EVIDENCE) if side.configuration else ""
    names = side.tree.names(folder) if folder else {}
    return {
        **{path: file.oid for path, file in side.packed.files.items()},
        **{at: oid for at, (oid, _) in side.packed.damaged.items()},
        **{f"{folder}/{name}": entry.oid for name, entry in names.items() if name.endswith(".json")},
    }


def nothing_held(
    base: ProjectSide, head: ProjectSide, models: Pairing, profiles: Pairing
) -> tuple[ShipPercent, ...]:
    """The same where neither side has committed a statement: nothing is discharged."""
    before, after = (_nothing(side) for side in (base, head))
    return joined(before, after, before if after else {}, models, profiles)


def _nothing(side: ProjectSide) -> Percents:
    spec = side.spec
    return {
        (model.id, profile.profile): 0.0
        for model in (spec.spec.models if spec else ())
        for profile in (spec.profiles.values() if spec else ())
        if profile.kind != FALSIFICATION
    }


def joined(
    before: Percents, after: Percents, on_base: Percents, models: Pairing, profiles: Pairing
) -> tuple[ShipPercent, ...]:
    """Percentages of both sides by head's names."""
    was = {(models.new_names.get(m, m), profiles.new_names.get(p, p)): (m, p) for m, p in before}
    return tuple(
        ShipPercent(
            model=model,
            profile=profile,
            before=before.get(was.get((model, profile), ("", ""))),
            after=after.get((model, profile)),
            on_base=on_base.get(was.get((model, profile), ("", ""))),
        )
        for model, profile in sorted({*was, *after})
    )
