"""What the faces of a review have in common: groups by direction, and the lines at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from specship.report.formatting import cut_short, percent
from specship.review.records import BUMPS, Change, Direction, Review

LONGEST: Final = {Direction.NEUTRAL: 8}
"""Lines of a group for people; of the others none is left out."""


class ChangeLine(NamedTuple):
    """One or several changes that people read as one."""

    place: str
    says: str
    stale: str


def groups(review: Review) -> list[tuple[Direction, list[ChangeLine]]]:
    """The changes by direction, weakenings first."""
    found: dict[Direction, list[Change]] = {}
    for change in review.changes:
        found.setdefault(change.direction, []).append(change)
    return [(direction, _lines(found[direction])) for direction in Direction if direction in found]


def _lines(changes: Iterable[Change]) -> list[ChangeLine]:
    """A line each; probes that measure otherwise for one reason share theirs."""
    alike: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        shared = change.about == "probe" and change.kind == "code"
        reason = change.says.partition(" measures otherwise: ")[2] if shared else ""
        alike.setdefault((reason, "" if reason else f"{change.says}{change.path}{change.line}"), []).append(
            change
        )
    return [_line(reason, together) for (reason, _), together in alike.items()]


def _line(reason: str, together: list[Change]) -> ChangeLine:
    first = together[0]
    says = first.says
    if len(together) > 1:
        others = ", ".join(change.id for change in together[:3]) + (", …" if len(together) > 3 else "")
        says = f"{len(together)} probes ({others}) measure otherwise: {reason}"
    if first.direction == Direction.WEAKENED and first.tightens_too:
        says += " (something else fails now that passed)"
    return ChangeLine(f"{first.path}:{first.line}", cut_short(says), stale_text(together))


def stale_text(changes: list[Change]) -> str:
    """What evidence and arming goes stale, in words; empty where none does."""
    stales = [stale for change in changes for stale in change.stales]
    gates = {stale.gate if stale.gate != "*" else f"every gate of {_all(stale.model)}" for stale in stales}
    kinds = [kind for kind in ("evidence", "arming") if any(stale.what == kind for stale in stales)]
    profiles = dict.fromkeys(stale.profile for stale in stales)
    if not stales:
        return ""
    named = (
        ""
        if len(gates) == 1 and not any(gate.startswith("every") for gate in gates)
        else f" of {_few(gates)}"
    )
    return f"{' and '.join(kinds)}{named} at {', '.join(profiles)}"


def _all(model: str) -> str:
    return "all models" if model == "*" else model


def _few(gates: set[str]) -> str:
    shown = sorted(gates)[:3]
    return ", ".join(shown) + (f" and {len(gates) - 3} more" if len(gates) > 3 else "")


def count(review: Review) -> str:
    """`2 weakened, 1 neutral`, or that nothing changed."""
    numbers = [(sum(c.direction == direction for c in review.changes), direction) for direction in Direction]
    return (
        ", ".join(f"{number} {direction}" for number, direction in numbers if number)
        or "nothing changed in meaning"
    )


def percent_rows(review: Review) -> list[tuple[str, str, str, str]]:
    """Model and profile, base's ship-%, head's, and head's evidence under base's criteria."""
    return [
        (f"{one.model} {one.profile}", _percent(one.before), _percent(one.after), _percent(one.on_base))
        for one in review.ship_percent
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else percent(value)


def verdict(review: Review) -> list[str]:
    """What the changes demand, what amendments declare, and what is left to do."""
    versions = f"{review.base_version or 'none'} → {review.head_version or 'none'}"
    lines = [f"demanded: {review.required_bump}; declared: {review.declared_bump} ({versions})"]
    if BUMPS.index(review.declared_bump) < BUMPS.index(review.required_bump):
        lines.append(f"to declare it: an amendment with `bump: {review.required_bump}`")
    if review.unnamed:
        lines.append(f"named by no new amendment: {', '.join(review.unnamed)}")
    return lines


def waiver_lines(review: Review) -> list[str]:
    """The exceptions beside the number; whether one is in force, a gate and the status say."""
    return [
        f"waiver: {one.gate} ({one.fingerprint}) until {one.expires}; {one.owner}: {one.reason} {one.issue}"
        for one in review.waivers
    ]
