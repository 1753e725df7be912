"""What is measured of a thing before there is a limit, and the limits that come of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from specship.contracts.expectation import Expectation
from specship.contracts.measurement import Measurement
from specship.errors import SpecshipError, UnusableInput
from specship.probes.probe import Probe
from specship.probes.registry import all_probes
from specship.suite.adopting.adopted_kind import AdoptedGate, AskedLimit
from specship.suite.artifacts.runner import Listener, StageRunner
from specship.suite.artifacts.store import Store
from specship.suite.judging.measurer import Measurer

MODEL: Final = "MODEL-1"
_ANY: Final = 0.5
"""A limit, while only the interval around a figure is asked for."""
PROFILE: Final = "rehearsal"
_MEND: Final = "mend:"
_DIGITS: Final = 3
"""Significant digits of a limit that was proposed with room."""


@dataclass(frozen=True, slots=True)
class ProposedGate:
    """A rule with limits that can be written down, or why it has none."""

    gate: AdoptedGate
    limits: Mapping[str, Expectation] = field(default_factory=dict)
    proposed: tuple[str, ...] = ()
    """Quantities whose limit was taken from what was measured."""
    left: tuple[str, ...] = ()
    """Quantities that wait for a limit, because they were not measured."""
    why_not: str = ""
    """Why nothing could be measured; the rule is then left unbound."""

    @property
    def faults(self) -> Mapping[str, tuple[str, ...]]:
        """The faults that break one of its limits, with those that they break."""
        kept = {
            name: tuple(one for one in fails if one in self.limits)
            for name, fails in self.gate.faults.items()
        }
        return {name: fails for name, fails in kept.items() if fails}

    @property
    def excused(self) -> Mapping[str, str]:
        """Those of its limits that no fault can break."""
        return {name: why for name, why in self.gate.excused.items() if name in self.limits}


def propose(
    root: Path,
    settings: Mapping[str, Mapping[str, Any]],
    gates: Iterable[AdoptedGate],
    listener: Listener,
) -> list[ProposedGate]:
    """Have the artifacts made, measure them with each gate's probe, and propose limits.

    What is made lies where `pytest -m ship` finds it again.
    """
    store = Store(root / ".specship" / "artifacts" / MODEL / PROFILE, settings)
    runner = StageRunner(root, store, settings, MODEL, listener)
    measurer = Measurer(root)
    try:
        return [_proposed(gate, runner, measurer) for gate in gates]
    finally:
        measurer.close()


def unmeasured(gate: AdoptedGate) -> ProposedGate:
    """A gate with the limits that are in its nature alone; all others wait until something was measured."""
    if not gate.probe:
        return ProposedGate(gate)
    units = all_probes()[gate.probe].units
    limits = {
        quantity: Expectation.model_validate({limit.operator: limit.value, "unit": units[quantity]})
        for quantity, limit in gate.expect.items()
        if limit.value is not None
    }
    left = tuple(quantity for quantity in gate.expect if quantity not in limits)
    return ProposedGate(gate, limits, left=left)


def _proposed(gate: AdoptedGate, runner: StageRunner, measurer: Measurer) -> ProposedGate:
    if not gate.probe:
        return ProposedGate(gate)
    probe = all_probes()[gate.probe]
    try:
        made = {name: runner.ensure(name) for name in probe.artifacts}
        runner.listener({"event": "gate", "gate": probe.name})
        found = measurer.measure(probe, {name: (one.path, one.record) for name, one in made.items()})
    except (SpecshipError, EOFError) as error:
        why = (
            f"{error.message}; {error.why}" if isinstance(error, SpecshipError) and error.why else str(error)
        )
        return ProposedGate(gate, why_not=" ".join(why.split()))
    limits, proposed = {}, []
    for quantity, limit in gate.expect.items():
        expected = _expectation(limit, quantity, probe, found)
        if expected is None:
            continue
        limits[quantity] = expected
        if limit.value is None:
            proposed.append(quantity)
    if not limits:
        lacking = _in_words([why for name, why in found.lacking.items() if name in gate.expect])
        waiting = unmeasured(gate)  # judged as soon as somebody declares what the records do not hold
        why = lacking or "nothing of it can be measured here"
        return ProposedGate(gate, waiting.limits if lacking else {}, left=waiting.left, why_not=why)
    left = tuple(quantity for quantity in gate.expect if quantity not in limits)
    return ProposedGate(gate, limits, tuple(proposed), left)


def _in_words(errors: Iterable[str]) -> str:
    """What was not recorded and how to give it, in one line; what one mend gives stands together."""
    by_mend: dict[str, dict[str, None]] = {}
    for message, *parts in (error.splitlines() for error in errors):
        mends = [part.strip().removeprefix(_MEND) for part in parts if part.strip().startswith(_MEND)]
        by_mend.setdefault(" ".join(mends), {})[message] = None
    said = [(" and ".join(messages), mend.strip()) for mend, messages in by_mend.items()]
    return "; ".join(f"{messages} ({mend})" if mend else messages for messages, mend in said)


def _expectation(limit: AskedLimit, quantity: str, probe: Probe, found: Measurement) -> Expectation | None:
    """The limit on a quantity; None where nothing was measured, or nothing could violate what was."""
    measured = found.quantities.get(quantity)
    if measured is None or not measured.measured:
        return None
    value = _with_room(measured.value, limit) if limit.value is None else limit.value
    given: dict[str, Any] = {"unit": probe.units[quantity]}
    if limit.confidence is not None:
        shown = _shown(limit, quantity, probe, found)
        if shown is None:
            return None
        given |= {name: one for name, one in shown.items() if name != "value"}
        value = shown["value"] if limit.value is None else value
    try:
        return Expectation.model_validate({limit.operator: value, **given})
    except (ValidationError, UnusableInput):
        return None


def _shown(limit: AskedLimit, quantity: str, probe: Probe, found: Measurement) -> dict[str, Any] | None:
    """What a measurement shows with a confidence, and by what; None where nothing can be said."""
    figures = found.quantities
    for name, beside in (("count", limit.count), ("error", limit.error)):
        if not beside:
            continue
        how = {"unit": probe.units[quantity], "confidence": limit.confidence, name: beside}
        asked = Expectation.model_validate({limit.operator: _ANY, **how})
        if (interval := asked.interval(figures.get(quantity), figures.get(beside))) is not None:
            end = interval[limit.operator == "at_most"]
            return {"value": _cut(end, limit.operator), "confidence": limit.confidence, name: beside}
    return None


def _with_room(value: Any, limit: AskedLimit) -> Any:
    """What was measured, times the room that is left, cut to a few digits on the side with more room."""
    if limit.room == 1.0 or isinstance(value, bool | str) or value == 0:
        return value
    cut = _cut(value * limit.room, limit.operator)
    return int(cut) if isinstance(value, int) else cut


def _cut(wide: float, operator: str) -> float:
    """A figure cut to a few digits, on the side with more room."""
    if wide == 0:
        return wide
    step = 10.0 ** (math.floor(math.log10(abs(wide))) - _DIGITS + 1)
    cut = (math.ceil if operator == "at_most" else math.floor)(wide / step) * step
    return float(f"{cut:.{_DIGITS}g}")
