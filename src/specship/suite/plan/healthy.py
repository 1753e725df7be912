"""Healthy variants: pipelines of other seeds, sizes and schedules that no gate may accuse.

`[tool.specship] healthy` names a YAML file of them. A gate that fails on one of them raises a false alarm,
which counts as much as a fault that is missed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from specship.contracts.building import build
from specship.contracts.document import read_document
from specship.contracts.judging import Verdict
from specship.contracts.records import Frozen, GateId, ModelId, Prose, Slug
from specship.contracts.repeating import AGAIN
from specship.errors import UnusableInput
from specship.specs.project import Project
from specship.suite.plan.plan import Check, Plan
from specship.suite.plan.upstream import stages_behind

_TURN: Final = re.compile("[1-9][0-9]{0,5}")
_SEEDS_A_TURN: Final = 1000
"""More than there are variants in a file, and more than the seeds that people write."""

if TYPE_CHECKING:  # the judge reads this file too, and builds no report
    from specship.status.report import GateReport


class Variant(Frozen):
    """One healthy way to run the pipeline."""

    name: Slug
    """Its name."""
    settings: dict[Slug, dict[str, Any]] = Field(min_length=1)
    """Settings by section that replace those of the profile of falsification."""
    measures: tuple[str, ...] = ()
    """Artifacts that are made of it, where they are others than the file's."""
    seeds: tuple[Slug, ...] = ("training",)
    """Sections whose seed is another one each further time. Without any it is the same once more: what
    differs then is the moment."""


class HealthyFile(Frozen):
    """Variants of one model, and which gates look at them."""

    model: ModelId
    """Whose pipeline it is."""
    measures: tuple[str, ...] = Field(min_length=1)
    """Artifacts that are made; a gate is asked that measures nothing else, one of them reached."""
    not_asked: dict[GateId, Prose] = {}
    """Gates whose limits are those of one size or schedule, with the reason."""
    variants: tuple[Variant, ...] = Field(min_length=1)
    """The variants."""

    def sequence(
        self, count: int, asks: Callable[[Variant], bool] = lambda _variant: True
    ) -> tuple[Variant, ...]:
        """So many variants: those of the file that ask, and then the same ones again with other seeds.

        The sequence is always the same, and a longer one begins with a shorter one.
        """
        places = [place for place, variant in enumerate(self.variants) if asks(variant)]
        turns = (divmod(index, len(places)) for index in range(count if places else 0))
        return tuple(self._at(turn, places[place]) for turn, place in turns)

    def measured_of(self, variant: Variant) -> frozenset[str]:
        """The artifacts that are made of a variant."""
        return frozenset(variant.measures or self.measures)

    def variant(self, name: str) -> Variant | None:
        """The variant of a name, of the file or of what follows in the sequence; None where there is none."""
        base, again, digits = name.rpartition(AGAIN)
        for index, entry in enumerate(self.variants):
            if entry.name == name:
                return entry
            turn = int(digits) if again and entry.name == base and _TURN.fullmatch(digits) else 0
            if turn:
                return self._at(turn, index)
        return None

    def _at(self, turn: int, position: int) -> Variant:
        base = self.variants[position]
        if not turn:
            return base
        seed = {"seed": _SEEDS_A_TURN * turn + position}
        seeded = {section: {**base.settings.get(section, {}), **seed} for section in base.seeds}
        again = {"name": f"{base.name}{AGAIN}{turn}", "settings": {**base.settings, **seeded}}
        return base.model_copy(update=again)


class Alarm(Frozen):
    """A gate that does not pass on a healthy variant."""

    variant: str
    """Name of the variant."""
    gate: str
    """Id of the gate."""
    verdict: str
    """What it says."""
    reason: str
    """Why."""


class FalseAlarms(Frozen):
    """What healthy variants were told."""

    variants: int
    """Variants that were run."""
    judged: int
    """Verdicts that were given."""
    missing: int
    """Verdicts that nobody gave yet."""
    alarms: tuple[Alarm, ...]
    """Verdicts that are not PASS."""


def read_healthy(project: Project) -> HealthyFile | None:
    """The healthy variants of a project; None where it names none.

    Raises:
        UnusableInput: the file has faults, or a name stands twice.
    """
    configured = project.configuration.healthy
    if configured is None:
        return None
    document = read_document(project.root / configured, root=project.root)
    found = build(document, HealthyFile)
    names = [variant.name for variant in found.variants]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise UnusableInput(
                f"the variant {name!r} stands twice",
                at=document.place("variants", index, "name"),
                mend="rename one of them",
            )
    return found


def asks(plan: Plan, healthy: HealthyFile, variant: Variant, check: Check) -> bool:
    """Whether a variant is asked about a gate: it is made of it, and differs in what the gate measures.

    A gate that looks at nothing else than the clean pipeline's would say the same again, and no more.
    """
    measured = check.probe.artifacts if check.probe else ()
    ours = check.model.id == healthy.model and check.gate.id not in healthy.not_asked
    if not (ours and measured and healthy.measured_of(variant).issuperset(measured)):
        return False
    behind = stages_behind(plan.profile, healthy.model, measured)
    return any(variant.settings.keys() & stage.settings.keys() for _, stage in behind)


def asked(plan: Plan, healthy: HealthyFile, variant: Variant | None = None) -> Iterator[Check]:
    """The gates that are asked of a variant; of none in particular, those that one of the file is asked."""
    those = healthy.variants if variant is None else (variant,)
    for check in plan.checks:
        if any(asks(plan, healthy, one, check) for one in those):
            yield check


def alarm_of(variant: str, report: GateReport) -> Alarm | None:
    """The alarm that a verdict is, if it is one."""
    if report.fresh and report.verdict == Verdict.PASS:
        return None
    return Alarm(variant=variant, gate=report.id, verdict=report.verdict or "none", reason=report.reason)
