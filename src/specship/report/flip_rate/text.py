"""How often gates would change their verdicts, for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from specship.contracts.repeating import SELDOM
from specship.report.formats import PLAIN, Display
from specship.suite.flip_rates.records import FlipRateReport, GateFlips, QuantityFlips
from specship.units import show
from specship.wording import counted


def render(report: FlipRateReport, _display: Display = PLAIN) -> str:
    """Each gate with its quantities; last what changes too often, and what is assumed."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: FlipRateReport) -> Iterator[str]:
    for gate in report.gates:
        given = counted(gate.variants, "verdict")
        yield f"{gate.gate}  {gate.changed} of {given} changed, at most {100 * gate.at_most:.2g} %"
        if gate.stale:
            yield f"  stale: {gate.stale}"
        if gate.signed:
            yield f"  not believed: {gate.signed}"
        for one in gate.quantities:
            yield from _quantity(one)
    for name, reason in report.left.items():
        yield f"{name}  not recorded: {reason.splitlines()[0]}"
    for name, reason in report.not_asked.items():
        yield f"{name}  not asked: {reason}"
    yield from report.problems
    yield ""
    yield from _end(report)


def _quantity(one: QuantityFlips) -> Iterator[str]:
    missed = f", {one.missed} of {one.figures} missed it" if one.missed else ""
    yield f"  {one.quantity}  ({one.limit}){missed}"
    if one.mean is not None and one.rate is not None and one.deviation:
        far = f", {one.distance:.1f} sd from the limit" if one.distance is not None else ""
        yield f"    {show(one.mean)} ± {one.deviation:.2g} sd{far}: misses it {_rate(one.rate)}"
    elif one.rate is not None:
        yield f"    {show(one.mean)}, misses it {_rate(one.rate)}"
    else:
        yield f"    {one.assumed}"


def _end(report: FlipRateReport) -> Iterator[str]:
    changed = sum(gate.changed for gate in report.gates)
    given = sum(gate.variants for gate in report.gates)
    if not report.gates:
        yield f"no record of a flip rate at {report.profile}: specship flip-rate"
        return
    yield "assumed: figures of variants are independent draws of one normal distribution,"
    yield "of one log-normal where nothing is below zero; one more is Student's t;"
    yield "an upper bound of what was seen is exact, at 95 % (Clopper-Pearson)"
    said = f"{changed} of {counted(given, 'verdict')} changed on healthy material"
    yield f"{report.model} at {report.profile}: {said}"
    yield from _often(report.often)


def _often(found: tuple[tuple[GateFlips, QuantityFlips], ...]) -> Iterator[str]:
    if not found:
        yield f"no limit would be missed more often than {_rate(SELDOM)}, as predicted"
        return
    yield f"missed more often than {_rate(SELDOM)}, as predicted:"
    for gate, one in found:
        yield f"  {gate.gate} {one.quantity} ({one.limit}): {_rate(one.rate or 0.0)}"


def _rate(share: float) -> str:
    """`1 in 420`, or never within what a double can hold."""
    if share <= 1e-9:
        return "less than 1 in a thousand million"
    return f"1 in {show(round(1 / share))}" if share < 0.5 else f"{100 * share:.0f} % of the time"
