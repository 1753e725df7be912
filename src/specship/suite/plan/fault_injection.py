"""Faulty copies of the pipeline: each fault is injected in a folder of its own, apart from all that counts.

    .specship/falsify/FAULT/MODEL/artifacts/…   what the fault reaches, and links to the clean rest
                                  ledger/       what the judge said of it, signed with the injection's own key

Stages run as they always do; only the spoiled one runs in a process that plants the fault first.
No statement from there can be taken for evidence: its folder, its key and its profile's settings differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from specship.errors import UnknownName
from specship.faults.catalogue import DeclaredFault, read_fault
from specship.pipeline.stage import Stage
from specship.specs.project import Project
from specship.specs.records import FALSIFICATION, Profile
from specship.suite.plan.healthy import read_healthy
from specship.suite.plan.plan import Plan, plan_at
from specship.suite.plan.upstream import stages_behind

HEALTHY: Final = "healthy-"
"""What the injection of a healthy variant is called; no fault's name begins so."""


def falsification_profile(project: Project) -> str:
    """Name of the profile at which gates are seen to fail: the one of that kind, else the project's own."""
    kinds = {profile.kind: name for name, profile in sorted(project.spec.profiles.items(), reverse=True)}
    return kinds.get(FALSIFICATION) or project.profile().profile


def altered(settings: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings by section with some values replaced; a section that a model does not have stays away."""
    return {name: {**section, **changes.get(name, {})} for name, section in settings.items()}


def falsification_plan(project: Project) -> Plan:
    """The plan at which gates are seen to fail."""
    return plan_at(project, falsification_profile(project))


@dataclass(frozen=True)
class FaultInjection:
    """One way in which the pipeline of a model differs from the one that ships."""

    fault: str
    """The fault's name."""
    model: str
    """Whose gates are to see it."""
    changes: Mapping[str, Mapping[str, Any]]
    """Settings by section that replace the profile's."""
    loaded: DeclaredFault | None = None

    @property
    def name(self) -> str:
        """What the judge is told, and the folder."""
        return f"{self.fault}/{self.model}"

    def spoils(self, profile: Profile, owner: str, stage: Stage) -> bool:
        """Whether a stage of a model runs with the fault in its process, or has its artifact spoiled.

        Where the model borrows that artifact, it is spoiled where it is made.
        """
        if self.loaded is None or self.loaded.way_in(stage) not in {"component", "artifact", "log"}:
            return False
        home = profile.lenders_of(self.model).get(stage.makes, self.model)
        spoiled = (self.loaded.fault.stage, *self.loaded.fault.also)
        ours = self.loaded.way == "log" and stage.name == stage.makes  # no log of another program
        return stage.makes in spoiled and owner == home and not ours

    def reaches(self, profile: Profile, model: str, artifact: str) -> bool:
        """Whether an artifact of a model is another one in this injection."""
        return any(
            self.spoils(profile, owner, stage) or self.changes.keys() & stage.settings.keys()
            for owner, stage in stages_behind(profile, model, [artifact])
        )

    def plan_of(self, plan: Plan) -> Plan:
        """The same plan in this injection."""
        project = replace(plan.project, elsewhere=plan.project.state / "falsify" / self.fault / self.model)
        pipeline = {
            model: altered(sections, self.changes) for model, sections in plan.profile.pipeline.items()
        }
        return replace(plan, project=project, profile=plan.profile.model_copy(update={"pipeline": pipeline}))


def find_injection(plan: Plan, name: str) -> FaultInjection:
    """The injection of a fault and a model, by its name `FAULT/MODEL`.

    Raises:
        UnknownName: there is no such fault.
        UnusableInput: its file cannot be used.
    """
    fault, _, model = name.partition("/")
    if fault.startswith(HEALTHY):
        return healthy_injection(plan, fault.removeprefix(HEALTHY))
    loaded = read_fault(fault, plan.project.fault_folder)
    return FaultInjection(fault, model, loaded.fault.settings, loaded)


def healthy_injection(plan: Plan, variant: str) -> FaultInjection:
    """The injection of a healthy variant, in which nothing is wrong.

    Raises:
        UnknownName: the project has no such variant.
        UnusableInput: its file has faults.
    """
    found = read_healthy(plan.project)
    entry = found.variant(variant) if found else None
    if found is not None and entry is not None:
        return FaultInjection(f"{HEALTHY}{variant}", found.model, entry.settings)
    known = ", ".join(entry.name for entry in found.variants) if found else ""
    raise UnknownName(
        f"there is no healthy variant {variant!r}",
        mend=f"there are: {known}" if known else "the project declares none",
    )
