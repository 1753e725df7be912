"""How often gates would change their verdicts, for a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from specship.contracts.repeating import ENOUGH, SELDOM
from specship.report.formats import PLAIN, Display
from specship.suite.flip_rates.records import FlipRateReport, GateFlips, QuantityFlips
from specship.units import show
from specship.wording import counted

_NEVER = 1e-9


def render(report: FlipRateReport, display: Display = PLAIN) -> str:
    """Each gate with its quantities; last what is assumed, and what would be missed too often."""
    lines = []
    for line in _lines(report):
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        lines += textwrap.wrap(line, display.width, subsequent_indent=indent) or [""]
    return "\n".join(lines) + "\n"


def _lines(report: FlipRateReport) -> Iterator[str]:
    for gate in report.gates:
        yield from _gate(gate)
    for name, reason in report.left.items():
        yield f"{name}  not recorded: {reason.splitlines()[0]}"
    for name, reason in report.not_asked.items():
        yield f"{name}  not asked: {reason}"
    yield from report.problems
    yield ""
    yield from _end(report)


def _gate(gate: GateFlips) -> Iterator[str]:
    given = counted(gate.variants, "verdict")
    yield f"{gate.gate}  {gate.changed} of {given} changed, at most {100 * gate.at_most:.2g} %"
    varied = ", ".join(f"{count} of {name}" for name, count in gate.varied.items())
    yield f"  settings that differ: {varied}" if varied else "  the same settings, measured again"
    if gate.stale:
        yield f"  stale: {gate.stale}"
    if gate.signed:
        yield f"  not believed: {gate.signed}"
    alike: dict[str, list[str]] = {}
    for one in gate.quantities:
        if one.rate is not None or one.missed:
            yield from _quantity(one)
        else:
            alike.setdefault(one.assumed, []).append(one.quantity)
    for says, names in alike.items():
        yield f"  {says}: {', '.join(names)}"


def _quantity(one: QuantityFlips) -> Iterator[str]:
    missed = f", {one.missed} of {one.figures} missed it" if one.missed else ""
    yield f"  {one.quantity}  ({one.limit}){missed}"
    if one.rate is None or one.mean is None or one.deviation is None or one.distance is None:
        yield f"    {one.assumed}"
    else:
        spread = f"{show(one.mean)} ± {one.deviation:.2g}, {one.assumed}"
        yield f"    {spread}; {one.distance:.1f} sd away: misses it {_rate(one.rate)}"


def _end(report: FlipRateReport) -> Iterator[str]:
    if not report.gates:
        yield f"no record of a flip rate at {report.profile}: specship flip-rate"
        return
    yield "assumed: figures are independent draws of one distribution, as named; one more is Student's t"
    yield "observed: the upper bound is exact, at 95 % (Clopper-Pearson)"
    said = f"{report.changed} of {counted(report.verdicts, 'verdict')} changed on healthy material"
    yield f"{report.model} at {report.profile}: {said}, at most {100 * report.at_most:.2g} %"
    if (fewest := min(gate.variants for gate in report.gates)) < ENOUGH:
        yield f"of {fewest} figures a prediction says little; lint asks records of {ENOUGH} or more"
    yield from _often(report.often)


def _often(found: tuple[tuple[GateFlips, QuantityFlips], ...]) -> Iterator[str]:
    if not found:
        yield f"no limit would be missed more often than {_rate(SELDOM)}, as predicted"
        return
    yield f"missed more often than {_rate(SELDOM)}, as predicted:"
    for gate, one in found:
        yield f"  {gate.gate} {one.quantity} ({one.limit}): {_rate(one.rate or 0.0)}"


def _rate(share: float) -> str:
    """`1 in 420`; what happens every other time is `60 % of the time`."""
    if share < _NEVER:
        return "less than 1 in 10^9"
    return f"1 in {show(round(1 / share))}" if share < 0.5 else f"{100 * share:.0f} % of the time"
