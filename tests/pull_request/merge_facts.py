"""What is known of a change, written down: for questions of which no repository is needed."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from specship.pull_request.facts import Committed, MergeFacts
from specship.review.records import Change, Review, ShipPercent, Stale, bump_of
from specship.status.report import CriterionReport, GateReport, ModelReport, Standing, WaiverReport

NOTHING = Committed({}, {}, {}, {}, {}, ())
PLACES: dict[str, tuple[str, int | None]] = {f"GATE-{n}": ("contracts/c-v1.yaml", n) for n in range(1, 5)}


def facts(**known: Any) -> MergeFacts:
    """A change of which nothing is known but this."""
    nothing: dict[str, Any] = {
        "review": review(), "before": (), "on_base": known.get("before", ()), "after": (), "places": PLACES,
        "folder": "", "base": NOTHING, "head": NOTHING, "lint": (), "untrue": (), "waivers": (), "refused_keys": (),
        "waived_before": frozenset(), "floor": None, "releases": frozenset({"release"}), "fall": False,
    }  # fmt: skip
    return MergeFacts(**{**nothing, **known})


def review(*changes: Change, **more: Any) -> Review:
    """What changed."""
    return Review(base="main", head="change", base_commit="0" * 40, changes=changes, **more)


def changed(identity: str, direction: Any, *stales: Stale, **more: Any) -> Change:
    """One change of a gate."""
    return Change(
        id=identity, about="gate", kind="limit", direction=direction, says=f"{identity} is another one",
        bump=bump_of(direction), stales=stales, **more,
    )  # fmt: skip


def stale(gate: str, what: Literal["evidence", "arming"], profile: str = "release") -> Stale:
    """What speaks of something else."""
    return Stale(gate=gate, profile=profile, what=what)


def gate(
    identity: str, fingerprint: str = "", *, fresh: bool = True, blocking: bool = True, reason: str = "so"
) -> GateReport:
    """A gate that passes, or fails with a fingerprint."""
    return GateReport(
        id=identity, contract="c", rule="It holds.", blocking=blocking, verdict="FAIL" if fingerprint else "PASS",
        reason=reason, armed=True, fresh=fresh, checked="all", fingerprint=fingerprint,
    )  # fmt: skip


def criterion(identity: str, status: Standing, weight: int, *gates: GateReport) -> CriterionReport:
    """A criterion as it stands."""
    return CriterionReport(
        id=identity, statement="It holds.", status=status, weight=weight, reasons=(), gates=gates
    )


def model(
    percent: float,
    criteria: Iterable[CriterionReport] = (),
    *,
    profile: str = "release",
    name: str = "MODEL-1",
) -> ModelReport:
    """A model at a profile."""
    return ModelReport(
        model=name, profile=profile, kind="release", ship_percent=percent, ceiling_percent=100.0,
        criteria=tuple(criteria),
    )  # fmt: skip


def ships(before: float | None, after: float | None, profile: str = "release") -> ShipPercent:
    """What a model earns on both sides."""
    return ShipPercent(model="MODEL-1", profile=profile, before=before, after=after)


def waiver(state: Any, fingerprint: str = "fails-1", identity: str = "GATE-1") -> WaiverReport:
    """An exception of head's side."""
    return WaiverReport(
        gate=identity, fingerprint=fingerprint, profile=None, state=state, owner="A", reason="B", issue="C",
        expires="2027-01-01", days_left=3, path="waivers/w.yaml", line=2,
    )  # fmt: skip


def committed(files: Mapping[str, str] | Iterable[str] = (), **more: Any) -> Committed:
    """Evidence of a side; each file's id is its name where none is given."""
    ids = files if isinstance(files, Mapping) else {path: path for path in files}
    return NOTHING._replace(files=ids, **more)
