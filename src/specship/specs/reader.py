"""Spec, profile and amendment files: read, and checked within themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from specship.contracts.building import record_faults
from specship.contracts.document import Document, in_order, read_document
from specship.contracts.reader import unread
from specship.errors import Place, UnknownName, UnusableInput, did_you_mean
from specship.specs.records import Amendment, Criterion, Profile, Spec
from specship.specs.version import History, fold

Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SpecFolder:
    """A spec with its version, and the profiles it can be judged at."""

    spec: Spec
    document: Document
    history: History
    profiles: Mapping[str, Profile]
    profile_documents: Mapping[str, Document]

    @property
    def version(self) -> str:
        """What the amendments lead to."""
        return self.history.version

    @property
    def amendments(self) -> Mapping[str, Amendment]:
        """By file name, in the order in which they apply."""
        return {step.name: step.amendment for step in self.history.steps}

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Every criterion of every model by id."""
        return {criterion.id: criterion for model in self.spec.models for criterion in model.criteria}


def survey_spec_folder(folder: Path, *, root: Path) -> tuple[SpecFolder | None, list[UnusableInput]]:
    """What can be read of `spec.yaml`, `profiles/*.yaml` and `amendments/*.yaml` of a folder, and all faults.

    Without a sound spec there is None.
    """
    faults: list[UnusableInput] = []
    for name, what in (("profiles", "a profile"), ("amendments", "an amendment")):
        faults += unread(folder / name, root, what=what)
    misspelt = folder / "spec.yml"
    if misspelt.exists() and not (folder / "spec.yaml").exists():
        shown = misspelt.relative_to(root) if misspelt.is_relative_to(root) else misspelt
        mend = "rename it to spec.yaml"
        faults.append(
            UnusableInput(
                "a spec in a file that nobody reads", at=Place(str(shown), 1, 1), mend=mend, code="SHIP214"
            )
        )
    document, spec = _read(folder / "spec.yaml", Spec, root, faults)
    if spec is not None and document is not None:
        faults += _spec_faults(spec, document)
    amendments: dict[str, tuple[Amendment, Document]] = {}
    for path in sorted((folder / "amendments").glob("*.yaml")):
        text, amendment = _read(path, Amendment, root, faults)
        if text is not None and amendment is not None:
            amendments[path.name] = (amendment, text)
    profiles, documents = {}, {}
    for path in sorted((folder / "profiles").glob("*.yaml")):
        text, profile = _read(path, Profile, root, faults)
        if text is not None and profile is not None:
            profiles[profile.profile], documents[profile.profile] = profile, text
            faults += _profile_faults(profile, text, spec, path.stem)
    history = fold(amendments)
    faults += history.faults
    if spec is None or document is None:
        return None, faults
    return SpecFolder(spec, document, history, profiles, documents), faults


def _read(
    path: Path, record: type[Record], root: Path, faults: list[UnusableInput]
) -> tuple[Document | None, Record | None]:
    """A document and its record, or None where there is none; what is wrong is added to `faults`."""
    try:
        document = read_document(path, root=root)
    except UnusableInput as error:
        faults += getattr(error, "faults", (error,))
        return None, None
    built, own = record_faults(document, record)
    faults += in_order([*document.faults, *own])
    return document, built


def _spec_faults(spec: Spec, document: Document) -> Iterable[UnusableInput]:
    seen: dict[str, Criterion] = {}
    for m, model in enumerate(spec.models):
        own = {criterion.id: criterion for criterion in model.criteria}
        for c, criterion in enumerate(model.criteria):
            at = ("models", m, "criteria", c)
            if criterion.id in seen:
                yield UnusableInput(
                    f"the criterion {criterion.id} stands twice",
                    at=document.place(*at, "id"),
                    why="an id names one thing",
                    mend="give one of them a new id",
                    code="SHIP310",
                )
            seen[criterion.id] = criterion
            for d, needed in enumerate(criterion.depends_on):
                if needed not in own:
                    yield UnknownName(
                        f"{criterion.id} depends on {needed!r}, which is no criterion of {model.id}",
                        at=document.place(*at, "depends_on", d),
                        mend=did_you_mean(needed, own),
                        code="SHIP304",
                    )
            if cycle := _cycle(criterion.id, own):
                yield UnusableInput(
                    f"criteria wait for each other: {' → '.join(cycle)}",
                    at=document.place(*at, "depends_on"),
                    why="none of them could ever be discharged",
                    mend="drop one of the dependencies",
                    code="SHIP311",
                )


def _cycle(start: str, criteria: Mapping[str, Criterion]) -> list[str]:
    """A way from a criterion back to itself, or nothing."""
    trails = [[start]]
    seen = set()
    while trails:
        trail = trails.pop()
        for needed in criteria[trail[-1]].depends_on if trail[-1] in criteria else ():
            if needed == start:
                return [*trail, start]
            if needed not in seen:
                seen.add(needed)
                trails.append([*trail, needed])
    return []


def _profile_faults(
    profile: Profile, document: Document, spec: Spec | None, stem: str
) -> Iterable[UnusableInput]:
    if profile.profile != stem:
        yield UnusableInput(
            f"the profile {profile.profile!r} stands in a file called {stem}.yaml",
            at=document.place("profile"), mend="give both the same name", code="SHIP211",
        )  # fmt: skip
    if spec is None:
        return
    models = {model.id for model in spec.models}
    for model in profile.pipeline:
        if model not in models:
            yield UnknownName(
                f"the spec has no model {model!r}", at=document.place("pipeline", model),
                mend=did_you_mean(model, models), code="SHIP308",
            )  # fmt: skip
    criteria = {criterion.id for model in spec.models for criterion in model.criteria}
    for criterion in profile.not_judged:
        if criterion not in criteria:
            yield UnknownName(
                f"the spec has no criterion {criterion!r}", at=document.place("not_judged", criterion),
                mend=did_you_mean(criterion, criteria), code="SHIP304",
            )  # fmt: skip
