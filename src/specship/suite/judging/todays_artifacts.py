"""Which bytes the artifacts of today are: those that lie here, or those that a stage statement vouches for.

A clone has no artifacts. Where none lies here that is current, a signed stage statement speaks for the bytes
that today's settings, code and inputs gave. Versions of packages, and files that are not in the project, stay
as they were recorded: they are part of what was measured, and who reads may have others, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from specship.errors import DamagedArtifact, SpecshipError
from specship.evidence.artifact_record import Ingredients
from specship.evidence.entry import LedgerEntry
from specship.evidence.ledger import Ledger
from specship.evidence.made_artifact import MadeArtifact
from specship.pipeline.commands.reading import same_where_both_lie
from specship.pipeline.registry import maker_of
from specship.pipeline.stage import Stage
from specship.specs.records import Profile
from specship.suite.artifacts.ingredients import code_of, outdated
from specship.suite.artifacts.store import Store


class ArtifactToday(NamedTuple):
    """One artifact as it is today."""

    digest: str
    key: str
    """Of everything that it was made from, whatever bytes came of it."""


@dataclass
class TodaysArtifacts:
    """The artifacts of the models at one profile, as one line of descent each."""

    profile: Profile
    ledger: Ledger
    counts: Callable[[LedgerEntry[MadeArtifact]], bool]
    """Whether a stage statement may be believed at this profile."""
    root: Callable[[Mapping[str, Any]], Path]
    """A folder in which the files lie that some settings name, as the project has them."""
    store: Callable[[str], Store] | None = None
    """The artifacts of a model that lie here; None where none can."""
    code: Callable[[Stage], str] = code_of
    """Digest of a stage's code."""
    faulty: bool = False
    """Whether faults are planted here on purpose."""
    damage: list[str] = field(default_factory=list)
    """Artifacts here that are not what their manifests say."""
    differs: dict[tuple[str, str], str] = field(default_factory=dict)
    """By model and artifact, what the newest signed statement says otherwise than today's files do."""
    _known: dict[tuple[str, str], ArtifactToday | None] = field(default_factory=dict)

    def of(self, model: str, artifact: str) -> ArtifactToday | None:
        """An artifact of a model as it is today; None where nobody knows its bytes."""
        owner = self.profile.lenders_of(model).get(artifact, model)
        key = owner, artifact
        if key not in self._known:
            self._known[key] = None  # what is made from itself is not there
            try:
                self._known[key] = self._here(*key) or self._stated(*key)
            except DamagedArtifact as error:
                self.damage.append(str(error))
        return self._known[key]

    def _here(self, model: str, artifact: str) -> ArtifactToday | None:
        record = self.store(model).current(artifact) if self.store else None
        if record is None or (record.ingredients.fault and not self.faulty):
            return None
        stage = maker_of(artifact, sections := self.profile.settings_of(model))
        if stage.entry and not outside_agrees(
            stage, settings := stage.counted(sections), self.root(settings), record.ingredients.outside
        ):
            return None  # a script of the project's was edited; ours are in the digest of their code
        inputs = {name: self.of(model, name) for name in record.ingredients.inputs}
        if any(
            found is None or found.digest != record.ingredients.inputs[name] for name, found in inputs.items()
        ):
            return None
        return ArtifactToday(record.digest, _key(record.ingredients, inputs))

    def _stated(self, model: str, artifact: str) -> ArtifactToday | None:
        """The newest statement that agrees with today's settings, code, inputs and files."""
        entries = self.ledger.made_as(model, self.profile.profile, artifact)
        if not any(self.counts(entry) for entry in entries):
            return None
        sections = self.profile.settings_of(model)
        stage = maker_of(artifact, sections)
        inputs = {name: self.of(model, name) for name in stage.needs}
        settings = stage.counted(sections)
        known = {name: one.digest for name, one in inputs.items() if one}
        for entry in reversed(entries):
            made = entry.record.artifact.ingredients
            if made.fault or not self.counts(entry):
                continue
            if entry.record.stage != stage.name:
                differs = f"it was made by {entry.record.stage}"
            elif known != made.inputs:
                others = sorted(name for name in stage.needs if known.get(name) != made.inputs.get(name))
                differs = f"it was made from another {' and '.join(others or made.inputs)}"
            elif not (
                differs := outdated(stage, made, settings=settings, code=self.code(stage))
            ) and not outside_agrees(stage, settings, self.root(settings), made.outside):
                differs = "files of the project that it is made from are others than were signed"
            if not differs:
                return ArtifactToday(entry.record.artifact.digest, _key(made, inputs))
            self.differs.setdefault((model, artifact), differs)
        return None

    def why_unknown(self, model: str, artifact: str) -> str:
        """Why nobody knows the bytes of an artifact that was asked for; empty where nobody signed any."""
        owner = self.profile.lenders_of(model).get(artifact, model)
        differs = self.differs.get((owner, artifact), "")
        return f"the {artifact} that was signed is not today's: {differs}" if differs else ""


def _key(made: Ingredients, inputs: Mapping[str, ArtifactToday | None]) -> str:
    return made.key_from({name: found.key for name, found in inputs.items() if found})


def outside_agrees(stage: Stage, settings: Mapping[str, Any], root: Path, recorded: str) -> bool:
    """Whether files beside artifacts are those of a manifest, or none of them lies in the project."""
    if stage.outside is None:
        return not recorded
    try:
        here = stage.outside(settings, root)
        if stage.entry:
            return same_where_both_lie(here, recorded)
        return here == recorded or here == stage.outside(settings, root / ".specship" / "nowhere")
    except (SpecshipError, OSError):
        return True
