"""What the faces of a decision say alike: weakenings, exceptions, the answer and the numbers in words."""

from __future__ import annotations

from collections.abc import Iterator

from specship.pull_request.records import MergeDecision, Reason
from specship.report.formatting import cut_short, percent, waiver_line
from specship.review.records import Change, ShipPercent
from specship.status.report import WaiverReport


def verdict_line(decision: MergeDecision) -> str:
    """The answer in one line."""
    heads = f"{decision.head} into {decision.base} ({decision.base_commit[:12]})"
    if not decision.reasons:
        return f"PASS: nothing speaks against merging {heads}"
    count = len(decision.reasons)
    return f"FAIL: {count} reason{'s' if count > 1 else ''} against merging {heads}"


def weakening_line(change: Change, decision: MergeDecision) -> str:
    """A weakening with what stood there and what stands there now."""
    named = "no amendment names it" if change.id in decision.unnamed else "named by an amendment"
    at = f", {change.path}:{change.line}" if change.path else ""
    return f"{change.direction.upper()} {what(change)} ({named}{at})"


def what(change: Change) -> str:
    """The change in words, with its id, and with what stood there and what stands there now."""
    said = cut_short(change.says if change.id in change.says else f"{change.id}: {change.says}")
    shown = [text for text in (change.before, change.after) if text]
    if change.before == change.after or all(text in said for text in shown):
        return said
    return f"{said}: {change.before or 'nothing'} → {change.after or 'nothing'}"


def opening_lines(decision: MergeDecision) -> Iterator[str]:
    """What stands first on every face: weakenings, then exceptions."""
    for change in decision.weakenings:
        yield weakening_line(change, decision)
    for waiver in decision.waivers:
        yield counted_waiver(waiver, decision)


def counted_waiver(waiver: WaiverReport, decision: MergeDecision) -> str:
    """A waiver, and whether it counts yet."""
    return waiver_line(waiver) + (" (it counts once it is on base)" if added(waiver, decision) else "")


def added(waiver: WaiverReport, decision: MergeDecision) -> bool:
    """Whether the change itself brings a waiver, or makes it last longer."""
    return any(change.about == "waiver" and change.path == waiver.path for change in decision.weakenings)


def numbers_line(entry: ShipPercent) -> str:
    """The ship-% of a model before and after, and what base's demands would make of head's evidence."""
    shown = [_shown(value) for value in (entry.before, entry.after, entry.on_base)]
    return f"{entry.model} {entry.profile}: {shown[0]} → {shown[1]} (by base's demands {shown[2]})"


def _shown(value: float | None) -> str:
    return "none" if value is None else percent(value)


def facts_line(decision: MergeDecision) -> str:
    """What else is known, in one line."""
    return (
        f"changes: {decision.changes}, which demand {_step(decision.required_bump)}, and amendments declare "
        f"{_step(decision.declared_bump)}; evidence and arming made stale: {decision.stales}, "
        f"new: {decision.new_statements}" + (f"; {decision.session}" if decision.session else "")
    )


def _step(bump: str) -> str:
    return "no step of the version" if bump == "none" else f"a {bump} step"


def head_place(change: Change) -> tuple[str | None, int | None]:
    """Path and line of a change on head's side; nothing where it is gone."""
    return (change.head.path, change.head.line) if change.head else (None, None)


def place(reason: Reason) -> str:
    """Where a reason is, or the empty text."""
    return f"{reason.path}:{reason.line}" if reason.path and reason.line else reason.path or ""
