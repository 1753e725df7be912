"""Faulty copies of the pipeline: each fault has a world of its own, apart from all that counts.

    .specship/falsify/FAULT/MODEL/artifacts/…   what the fault reaches, and links to the clean rest
                                  ledger/       what the judge said of it, signed with the world's own key

Stages run as they always do; only the spoiled one runs in a process that plants the fault first. A
statement of a world can never be taken for evidence: its folder, its key and its profile's settings differ.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from specship.errors import StageFailed, UnknownName
from specship.faults.catalogue import LoadedFault, load_fault
from specship.files import publish_folder, write_errors
from specship.pipeline.stage import Stage
from specship.specs.project import Project
from specship.specs.records import FALSIFICATION, Profile
from specship.suite.artifacts.runner import Made, StageRunner
from specship.suite.plan.healthy import read_healthy
from specship.suite.plan.plan import Plan, plan_at
from specship.suite.plan.upstream import stages_behind

HEALTHY: Final = "healthy-"
"""What the world of a healthy variant is called; no fault's name begins so."""


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
class World:
    """One way in which the pipeline of a model differs from the one that ships."""

    fault: str
    """The fault's name."""
    model: str
    """Whose gates are to see it."""
    changes: Mapping[str, Mapping[str, Any]]
    """Settings by section that replace the profile's."""
    loaded: LoadedFault | None = None

    @property
    def name(self) -> str:
        """What the judge is told, and the folder."""
        return f"{self.fault}/{self.model}"

    def spoils(self, profile: Profile, owner: str, stage: Stage) -> bool:
        """Whether a stage of a model runs with the fault in its process, or has its artifact spoiled.

        Where the model borrows that artifact, it is spoiled where it is made.
        """
        if self.loaded is None or self.loaded.way not in {"component", "artifact"}:
            return False
        home = profile.lenders_of(self.model).get(stage.makes, self.model)
        spoiled = (self.loaded.fault.stage, *self.loaded.fault.also)
        return stage.makes in spoiled and owner == home

    def reaches(self, profile: Profile, model: str, artifact: str) -> bool:
        """Whether an artifact of a model is another one in this world."""
        return any(
            self.spoils(profile, owner, stage) or self.changes.keys() & stage.settings.keys()
            for owner, stage in stages_behind(profile, model, [artifact])
        )

    def plan_of(self, plan: Plan) -> Plan:
        """The same plan in this world."""
        project = replace(plan.project, elsewhere=plan.project.state / "falsify" / self.fault / self.model)
        pipeline = {
            model: altered(sections, self.changes) for model, sections in plan.profile.pipeline.items()
        }
        return replace(plan, project=project, profile=plan.profile.model_copy(update={"pipeline": pipeline}))


def find_world(plan: Plan, name: str) -> World:
    """The world of a fault and a model, by its name `FAULT/MODEL`.

    Raises:
        UnknownName: there is no such fault.
        UnusableInput: its file cannot be used.
    """
    fault, _, model = name.partition("/")
    if fault.startswith(HEALTHY):
        return healthy_world(plan, fault.removeprefix(HEALTHY))
    loaded = load_fault(fault, plan.project.fault_folder)
    return World(fault, model, loaded.fault.settings, loaded)


def healthy_world(plan: Plan, variant: str) -> World:
    """The world of a healthy variant, in which nothing is wrong.

    Raises:
        UnknownName: the project has no such variant.
        UnusableInput: its file has faults.
    """
    found = read_healthy(plan.project)
    for entry in found.variants if found else ():
        if found is not None and entry.name == variant:
            return World(f"{HEALTHY}{variant}", found.model, entry.settings)
    raise UnknownName(f"there is no healthy variant {variant!r}")


@dataclass
class WorldRunner(StageRunner):
    """Makes what a fault reaches, and takes the rest from the clean pipeline."""

    clean: StageRunner | None = None
    world: World | None = None
    profile: Profile | None = None
    """Of this world."""
    folder: str = ""
    """Where the project's own faults are."""

    @property
    def loaded(self) -> LoadedFault | None:
        """The fault of this world."""
        return self.world.loaded if self.world else None

    def _spoils(self, stage: Stage) -> bool:
        if self.world is None or self.profile is None:
            return False
        return self.world.spoils(self.profile, self.model, stage)

    def planted(self, stage: Stage) -> str:
        """Digest of the fault where it is planted; settings are ingredients anyway."""
        return self.loaded.code if self.loaded is not None and self._spoils(stage) else ""

    def asked(self, stage: Stage) -> tuple[str, Mapping[str, Any]]:
        """The module that plants the fault, where it is planted."""
        if self.loaded is None or not self._spoils(stage):
            return super().asked(stage)
        clean = self.clean.ensure(stage.makes).path if self.clean and self.loaded.way == "artifact" else ""
        about = {"name": self.loaded.name, "folder": self.folder, "clean": str(clean)}
        return "specship.faults", {"fault": about}

    def _ensure(self, stage: Stage) -> Made:
        if self.clean is None or self.world is None or self.profile is None:
            return super()._ensure(stage)
        if not self.world.reaches(self.profile, self.model, stage.makes):
            for name in stage.needs:  # an artifact is current while those it was made from are
                self.ensure(name)
            return self._adopted(stage, self.clean.ensure(stage.makes))
        made = super()._ensure(stage)
        if self._spoils(stage) and made.record.files == self._clean_files(stage):
            raise StageFailed(
                f"{self.world.fault} left every byte of {stage.makes} as it was",
                at=self.loaded.path if self.loaded else None,
                mend="bring the fault up to date with the artifact",
            )
        return made

    def _clean_files(self, stage: Stage) -> object:
        """The files of the clean artifact, where a fault of bytes is planted in a copy of it."""
        copied = self.loaded is not None and self.loaded.way == "artifact" and self.clean is not None
        return self.clean.ensure(stage.makes).record.files if copied and self.clean else None

    def _adopted(self, stage: Stage, made: Made) -> Made:
        """The clean artifact in this world: links to its files, under its own manifest."""
        key = made.record.ingredients.key
        final = self.store.path(stage.makes, key)
        with self._lock(stage.makes):
            if self.store.verified(stage.makes, key) is None:
                partial = final.with_suffix(".partial")
                with write_errors(partial):
                    shutil.rmtree(partial, ignore_errors=True)
                    shutil.rmtree(final, ignore_errors=True)
                    shutil.copytree(made.path, partial, copy_function=os.link)
                publish_folder(partial, final)
            if self.store.current_key(stage.makes) != key:
                self.store.finish(stage.makes, key, made.record)
        return replace(made, path=final)
