"""From claims to a probe and its expectation, or to the reason why there is none.

Nothing is guessed. A name must be a quantity's own, of several words, measured by one probe
that belongs to the contract's stage; or it is written out with its probe (`run.log.missing_steps`).
The unit must be given, or be plain from the quantity itself: a count whose name ends with what
is counted (`train_tokens`), or a bare number such as a fraction or a ratio.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError

from specship import bounds
from specship.contracts.expectation import Expectation
from specship.contracts.foreign.claims import Claim, claims_of, compares
from specship.contracts.foreign.words import one_line, shortened
from specship.units import unit_named

Units = Mapping[str, Mapping[str, str]]
"""For each probe, the unit of each quantity it measures."""

STAGES_OF_FAMILY: Final[Mapping[str, frozenset[str]]] = {
    "corpus": frozenset({"corpus"}),
    "shards": frozenset({"corpus", "tokenizer"}),
    "tokenizer": frozenset({"tokenizer"}),
    "run": frozenset({"train"}),
    "checkpoint": frozenset({"checkpoint"}),
    "generations": frozenset({"inference"}),
    "speed": frozenset({"inference"}),
    "gguf": frozenset({"export"}),
    "parity": frozenset({"export"}),
    "publication": frozenset({"publish"}),
}
"""Where the quantities of a family of probes are spoken of without naming the probe: the speed in a
contract about training is not the speed of decoding."""

_BARE: Final = frozenset({"fraction", "ratio", "difference"})
_PERCENT: Final = Decimal(100)


class Unbound(Exception):
    """Why a rule is not bound."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A probe, and what is expected of it."""

    probe: str
    expect: Mapping[str, Expectation]


def bind(text: str, units: Units, stage: str) -> Binding:
    """The probe and the expectation that the text, completely, amounts to.

    Raises:
        Unbound: it amounts to none; says why.
    """
    claims = claims_of(text)
    if not claims:
        raise Unbound(_why_no_claim(text, units))
    owners = [_probe_of(claim, units, stage) for claim in claims]
    probes = sorted({probe for probe, _ in owners})
    if len(probes) > 1:
        raise Unbound(f"it takes several probes ({', '.join(probes)}), and a gate has one")
    expect: dict[str, Expectation] = {}
    for claim, (probe, quantity) in zip(claims, owners, strict=True):
        if quantity in expect:
            raise Unbound(f"it limits {quantity} twice, and an expectation has one operator")
        expect[quantity] = _expectation(claim, quantity, units[probe][quantity])
    return Binding(probes[0], expect)


def _why_no_claim(text: str, units: Units) -> str:
    words = set(re.findall(r"[a-z][a-z0-9_]*", text.lower()))
    known = sorted({name for quantities in units.values() for name in quantities if "_" in name} & words)
    if known:
        return f"it mentions {known[0]}, but says more than one plain comparison of it with a number"
    if compares(text):
        return "it compares something with a number, but not only one of our quantities"
    return "prose: it compares no named quantity with a number"


def _probe_of(claim: Claim, units: Units, stage: str) -> tuple[str, str]:
    called = re.sub(r"[\s-]+", "_", claim.name.strip().lower())
    probe, _, quantity = called.rpartition(".")
    if probe:
        if quantity in units.get(probe, ()):
            return probe, quantity
        raise Unbound(f"no probe measures {_shown(claim)}")
    owners = sorted(name for name, quantities in units.items() if called in quantities)
    if not owners:
        raise Unbound(f"no probe measures a quantity called {_shown(claim)}")
    if "_" not in called:
        raise Unbound(
            f"{called!r} is an everyday word: write it with its probe, such as {owners[0]}.{called}"
        )
    if len(owners) > 1:
        raise Unbound(f"{called} is measured by {', '.join(owners)}: write it with its probe")
    family = owners[0].partition(".")[0]
    if family in STAGES_OF_FAMILY and stage not in STAGES_OF_FAMILY[family]:
        usual = " or ".join(sorted(STAGES_OF_FAMILY[family]))
        raise Unbound(
            f"{called} of {owners[0]} belongs to stage {usual}, and the contract is of stage {stage}"
        )
    return owners[0], called


def _shown(claim: Claim) -> str:
    return repr(shortened(one_line(claim.name), 60))


def _expectation(claim: Claim, quantity: str, unit: str) -> Expectation:
    scale = _scale(claim, quantity, unit)
    limits = claim.limit if isinstance(claim.limit, tuple) else (claim.limit,)
    numbers = [_plain(limit / scale, quantity, unit) for limit in limits]
    if claim.operator == "equals" and isinstance(numbers[0], float):
        raise Unbound(f"{quantity} is a measured number, which equals a fraction of one by chance only")
    given: dict[str, Any] = {claim.operator: tuple(numbers) if len(numbers) > 1 else numbers[0]}
    try:
        return Expectation.model_validate({**given, "unit": unit})
    except ValidationError as error:
        raise Unbound(f"{quantity}: {one_line(str(error.errors()[0]['msg']))}") from error


def _scale(claim: Claim, quantity: str, unit: str) -> Decimal:
    """By what to divide the limit; refuses where the unit is in doubt."""
    given = _same_spelling(claim.unit)
    if given == "%" and unit == "fraction":
        return _PERCENT
    if given:
        if given in {unit, unit.removesuffix("s")}:
            return Decimal(1)
        raise Unbound(f"{quantity} is measured in {unit}, and the rule says {claim.unit}")
    spelt = _same_spelling(quantity.replace("_", " "))
    known = unit_named(unit)
    if unit not in _BARE and not (known and (known.counts or "/" in unit or unit == "seconds")
                                  and re.search(rf"(?:^|[ ]){re.escape(unit)}\Z", spelt)):  # fmt: skip
        raise Unbound(f"{quantity} is measured in {unit}, and the rule gives no unit")
    limits = claim.limit if isinstance(claim.limit, tuple) else (claim.limit,)
    if unit == "fraction" and not all(0 <= limit <= 1 for limit in limits):
        raise Unbound(f"{quantity} is a fraction from 0 to 1, and the limit is none: perhaps a percentage")
    return Decimal(1)


def _same_spelling(unit: str) -> str:
    """A unit as ours are spelt: `tok / sec` and `tokens per second` are `tokens/s`."""
    joined = re.sub(r"\s*/\s*|\s+per\s+", "/", unit.strip())
    joined = re.sub(r"^tok/", "tokens/", joined)
    return re.sub(r"/(?:seconds?|sec)\Z", "/s", joined)


def _plain(limit: Decimal, quantity: str, unit: str) -> int | float:
    known = unit_named(unit)
    whole = limit == limit.to_integral_value()
    if known and known.counts and not whole:
        raise Unbound(f"{quantity} counts {unit}, and the limit {limit} is no whole number")
    if whole:
        if len(str(abs(int(limit)))) > bounds.YAML_INTEGER_DIGITS - 1:
            raise Unbound(f"the limit on {quantity} has too many digits")
        return int(limit)
    return float(limit)
