"""Open work for a person: what gains most for each hour, what it waits for, and how far one can come here."""

from __future__ import annotations

from collections.abc import Iterator

from specship.report.formats import PLAIN, Display
from specship.report.formatting import percent
from specship.status.backlog_records import Backlog, BacklogItem, Hours


def render(backlog: Backlog, _display: Display = PLAIN) -> str:
    """A line for each item, then the ceiling of each model, the plan, and how far estimates were off."""
    lines = [f"open at profile {backlog.profile}, most ship-% for each hour first"]
    for item in backlog.items:
        lines += _item(item)
    if not backlog.items:
        lines.append("  nothing is open")
    if not backlog.exact:
        lines.append("the steps are greedy: there are too many sets of criteria to weigh them all")
    for model in backlog.models:
        lines.append(
            f"  {model.model}: {percent(model.ship_percent)} today, at most "
            f"{percent(model.ceiling_percent)} with this machine"
        )
    lines += _plan(backlog)
    for one in backlog.scored:
        off = f"{one.factor:.3g} times that" if one.factor is not None else "nothing was estimated"
        took = f"{one.estimated_gpu_hours:g} GPU h estimated, {one.measured_gpu_hours:.3g} h measured"
        lines.append(f"  {one.id}: {took}: {off}")
    return "\n".join(lines) + "\n"


def _item(item: BacklogItem) -> Iterator[str]:
    ratio = "no effort left" if item.gain_per_effort is None else f"{item.gain_per_effort:.3g} points/h"
    where = f"step {item.step}" if item.step else item.kind if item.reachable else "not here"
    marked = {True: " *", False: "", None: ""}[item.planned]
    yield (
        f"  {item.id:<14} {item.status:<10} +{item.ship_percent_gain:.4g} points for {_hours(item.effort)} "
        f"({item.effort_source}), {ratio}, {where}{marked}"
    )
    yield f"      {item.statement}"
    if item.blocked_by:
        yield f"      first: {', '.join(item.blocked_by)}"
    if item.unblocks:
        yield f"      unblocks: {', '.join(item.unblocks)}"
    if item.unreachable:
        yield f"      {item.unreachable}"


def _hours(hours: Hours) -> str:
    return f"{hours.gpu_hours:.3g} GPU h + {hours.person_hours:g} person h"


def _plan(backlog: Backlog) -> Iterator[str]:
    plan = backlog.plan
    if plan is None:
        return
    how = "no other set gains more" if plan.exact else "found greedily: a better set may exist"
    yield f"  plan (*): +{plan.ship_percent_gain:.4g} points for {_hours(plan.effort)}; {how}"
    yield f"      {' → '.join(plan.ids) or 'nothing fits'}"
