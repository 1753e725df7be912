"""Spec, profile and amendment files: read, and checked within themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from specship.contracts.document import Document, read_document
from specship.contracts.reader import gather
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.specs.records import Amendment, Criterion, Profile, Spec
from specship.specs.version import fold


@dataclass(frozen=True, slots=True)
class SpecFolder:
    """A spec with its version, and the profiles it can be judged at."""

    spec: Spec
    document: Document
    version: str
    amendments: Mapping[str, Amendment]
    profiles: Mapping[str, Profile]
    profile_documents: Mapping[str, Document]

    @property
    def criteria(self) -> dict[str, Criterion]:
        """Every criterion of every model by id."""
        return {criterion.id: criterion for model in self.spec.models for criterion in model.criteria}


def read_spec_folder(folder: Path, *, root: Path) -> SpecFolder:
    """A folder with `spec.yaml`, `profiles/*.yaml` and `amendments/*.yaml`.

    Raises:
        UnusableInput: a file is missing or has faults; every fault has its place.
    """
    document = read_document(folder / "spec.yaml", root=root)
    spec = document.build(Spec)
    gather(_spec_faults(spec, document))
    amendments = {}
    for path in sorted((folder / "amendments").glob("*.yaml")):
        text = read_document(path, root=root)
        amendments[path.name] = (text.build(Amendment), text)
    profiles, documents = {}, {}
    for path in sorted((folder / "profiles").glob("*.yaml")):
        text = read_document(path, root=root)
        profile = text.build(Profile)
        gather(_profile_faults(profile, text, spec, path.stem))
        profiles[profile.profile], documents[profile.profile] = profile, text
    records = {name: amendment for name, (amendment, _) in amendments.items()}
    return SpecFolder(spec, document, fold(amendments), records, profiles, documents)


def _spec_faults(spec: Spec, document: Document) -> Iterable[UnusableInput]:
    seen: dict[str, Criterion] = {}
    for m, model in enumerate(spec.models):
        own = {criterion.id: criterion for criterion in model.criteria}
        for c, criterion in enumerate(model.criteria):
            at = ("models", m, "criteria", c)
            if criterion.id in seen:
                yield UnusableInput(
                    f"the criterion {criterion.id} stands twice", at=document.place(*at, "id")
                )
            seen[criterion.id] = criterion
            for d, needed in enumerate(criterion.depends_on):
                if needed not in own:
                    yield UnknownName(
                        f"{criterion.id} depends on {needed!r}, which is no criterion of {model.id}",
                        at=document.place(*at, "depends_on", d),
                        mend=did_you_mean(needed, own),
                    )
            if cycle := _cycle(criterion.id, own):
                yield UnusableInput(
                    f"criteria wait for each other: {' → '.join(cycle)}", at=document.place(*at, "id")
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


def _profile_faults(profile: Profile, document: Document, spec: Spec, stem: str) -> Iterable[UnusableInput]:
    if profile.profile != stem:
        yield UnusableInput(
            f"the profile {profile.profile!r} stands in a file called {stem}.yaml",
            at=document.place("profile"), mend="give both the same name",
        )  # fmt: skip
    models = {model.id for model in spec.models}
    for model in profile.pipeline:
        if model not in models:
            yield UnknownName(
                f"the spec has no model {model!r}", at=document.place("pipeline", model),
                mend=did_you_mean(model, models),
            )  # fmt: skip
    criteria = {criterion.id for model in spec.models for criterion in model.criteria}
    for criterion in profile.not_judged:
        if criterion not in criteria:
            yield UnknownName(
                f"the spec has no criterion {criterion!r}", at=document.place("not_judged", criterion),
                mend=did_you_mean(criterion, criteria),
            )  # fmt: skip
