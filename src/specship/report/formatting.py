"""Small phrases that several reports share: how long ago, how long still, and lines that draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from specship.units import Quantity, show

if TYPE_CHECKING:  # progress of a command is shown without the records of a report
    from specship.status.report import GateReport, LimitReport, Measured, SignerReport, WaiverReport

_BARS: Final = "▁▂▃▄▅▆▇█"
_NAMED: Final = 4
_KEY: Final = len("sha256:") + 12
"""Characters of a key's id that are shown."""
_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_LONGEST_SENTENCE: Final = 240


def duration(seconds: float) -> str:
    """Seconds for people: `42 s`, `3 min`, `5 h`, `2 d`."""
    for size, name in _STEPS:
        if seconds >= size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.1f} s"


def ago(moment: str | None, *, now: datetime | None = None) -> str:
    """How long ago an ISO moment was; empty without one."""
    if not moment:
        return ""
    passed = ((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds()
    return "just now" if passed < 1 else f"{duration(passed)} ago"


def sparkline(values: Sequence[float], *, width: int = 32) -> str:
    """A series as a line of bars, averaged down to at most `width` of them."""
    if not values:
        return ""
    size = max(1, -(-len(values) // width))
    means = [sum(part) / len(part) for part in (values[i : i + size] for i in range(0, len(values), size))]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(_BARS[round((mean - low) / span * (len(_BARS) - 1))] for mean in means)


def bar(percent: float, *, width: int = 20) -> str:
    """A percentage as a bar."""
    full = round(percent / 100 * width)
    return "█" * full + "░" * (width - full)


def percent(value: float) -> str:
    """A percentage without more digits than it has: `72 %`, `72.5 %`."""
    return f"{value:.4g} %"


def measured_lines(gate: GateReport) -> list[str]:
    """Each quantity of a gate against its limit: `val_loss 3.91 nats/token (≤ 4.1)`."""
    return [
        f"{entry.quantity} {_measured(entry)}{f' [{noise}]' if (noise := noise_told(entry)) else ''} "
        f"({entry.limit.replace(' ' + entry.unit, '')})"
        f"{'' if entry.holds else ' ← not shown' if entry.interval else ' ← does not hold'}"
        for entry in gate.measured
    ]


def noise_told(entry: Measured) -> str:
    """How noisy a figure is: its interval, else what its measurement says and what was rehearsed.

    `± 0.012 standard error; sd 0.021 over 40 at micro`. A quantity that was the same on every healthy variant
    has no noise to show.
    """
    if entry.interval:
        return entry.interval
    noise, told = entry.noise, [entry.own_noise] if entry.own_noise else []
    if noise is not None and noise.deviation:
        told.append(f"sd {noise.deviation:.2g} over {noise.figures} at {noise.profile}")
    return "; ".join(told)


def cut_short(text: str) -> str:
    """A sentence as people read it: of a very long one the beginning."""
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[:_LONGEST_SENTENCE]}…"


def first_lines(texts: Iterable[str]) -> list[str]:
    """The first line of each text: cause and mend of an error follow below."""
    return [text.splitlines()[0] for text in texts]


def limits_line(limits: Sequence[LimitReport]) -> str:
    """How many limits were seen to fail: `5 of 7 limits seen to fail, 1 excused, 1 never seen: flips`."""
    seen = Counter(limit.seen for limit in limits)
    never = [limit.quantity for limit in limits if limit.seen == "unseen"]
    excused = f", {seen['excused']} excused" if seen["excused"] else ""
    shown = ", ".join(never[:_NAMED]) + (f" and {len(never) - _NAMED} more" if len(never) > _NAMED else "")
    unseen = f", {len(never)} never seen: {shown}" if never and seen["seen"] else ""
    return f"{seen['seen']} of {len(limits)} limits seen to fail{excused}{unseen}"


def signer_line(signer: SignerReport) -> str:
    """A key that signed something: the beginning of its id, and who answers for it."""
    return f"{signer.key_id[:_KEY]} {signer.owner}"


def signed_lines(gates: Iterable[GateReport]) -> list[str]:
    """Who signed the evidence of some gates, one line for each key and what it is trusted with."""
    counts = Counter(signer for gate in gates for signer in gate.signers)
    return [
        f"signed by {signer_line(one)} ({', '.join(one.purposes)}): {count} gate{'' if count == 1 else 's'}"
        for one, count in counts.most_common()
    ]


def waiver_line(waiver: WaiverReport) -> str:
    """A waiver in one line: what it is about, how long still, who answers for it, and where to look."""
    what = f"{waiver.gate} ({waiver.fingerprint})"
    if waiver.profile:
        what = f"{waiver.gate} fails at {waiver.profile} ({waiver.fingerprint})"
    ends = {"expired": f"it ended on {waiver.expires}", "too broad": f"it would hold until {waiver.expires}"}
    until = ends.get(waiver.state, f"until {waiver.expires}, {waiver.days_left} d left")
    return f"waiver {waiver.state}: {what}; {until}; {waiver.owner}: {waiver.reason} {waiver.issue}"


def _measured(entry: Measured) -> str:
    if entry.value is None:
        return "not measured"
    # A count named after what it counts needs no unit: `prompts 16`, not `prompts 16 prompts`.
    return show(entry.value) if entry.unit == entry.quantity else str(Quantity(entry.value, entry.unit))
