"""Runs the stages of a faulty copy of the pipeline: only the spoiled one plants its fault first.

What the fault does not reach is linked from the clean pipeline. A statement made here can never be taken for
evidence: its folder, its key and its profile's settings differ.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from specship.errors import StageFailed
from specship.faults.catalogue import DeclaredFault
from specship.files import publish_folder, write_errors
from specship.pipeline.stage import Stage
from specship.specs.records import Profile
from specship.suite.artifacts.runner import Made, StageRunner
from specship.suite.plan.fault_injection import FaultInjection


@dataclass
class InjectionRunner(StageRunner):
    """Makes what a fault reaches, and takes the rest from the clean pipeline."""

    clean: StageRunner | None = None
    injection: FaultInjection | None = None
    profile: Profile | None = None
    """Of this injection."""
    folder: str = ""
    """Where the project's own faults are."""

    @property
    def loaded(self) -> DeclaredFault | None:
        """The fault of this injection."""
        return self.injection.loaded if self.injection else None

    def _spoils(self, stage: Stage) -> bool:
        if self.injection is None or self.profile is None:
            return False
        return self.injection.spoils(self.profile, self.model, stage)

    def planted(self, stage: Stage) -> str:
        """Digest of the fault where it is planted; settings are ingredients anyway."""
        return self.loaded.code if self.loaded is not None and self._spoils(stage) else ""

    def asked(self, stage: Stage) -> tuple[str, Mapping[str, Any]]:
        """The module that plants the fault, where it is planted."""
        if self.loaded is None or not self._spoils(stage):
            return super().asked(stage)
        way = self.loaded.way_in(stage)
        copied = self.clean is not None and way in {"artifact", "log"}
        clean = self.clean.ensure(stage.makes).path if self.clean and copied else ""
        about = {
            "name": self.loaded.name, "folder": self.folder, "clean": str(clean), "in_log": way == "log"
        }  # fmt: skip
        return "specship.faults", {"fault": about}

    def _ensure(self, stage: Stage) -> Made:
        if self.clean is None or self.injection is None or self.profile is None:
            return super()._ensure(stage)
        if not self.injection.reaches(self.profile, self.model, stage.makes):
            for name in stage.needs:  # an artifact is current while those it was made from are
                self.ensure(name)
            return self._adopted(stage, self.clean.ensure(stage.makes))
        made = super()._ensure(stage)
        if self._spoils(stage) and made.record.files == self._clean_files(stage):
            raise StageFailed(
                f"{self.injection.fault} left every byte of {stage.makes} as it was",
                at=self.loaded.path if self.loaded else None,
                mend="bring the fault up to date with the artifact",
            )
        return made

    def _clean_files(self, stage: Stage) -> object:
        """The files of the clean artifact, where a fault of bytes is planted in a copy of it."""
        copied = self.loaded is not None and self.loaded.way == "artifact" and self.clean is not None
        return self.clean.ensure(stage.makes).record.files if copied and self.clean else None

    def _adopted(self, stage: Stage, made: Made) -> Made:
        """The clean artifact in this injection: links to its files, under its own manifest."""
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
