"""Settings of a smoke test that leak into the real run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from specship.contracts.document import Document
from specship.lint.rule import Violation, rule
from specship.lint.view import View
from specship.specs.records import Profile


@rule(
    "SHIP411",
    bad="rehearsal.yaml: training: {device: cpu}\nrelease.yaml: training: {device: cuda}\n"
    "# both train `steps` of the default: 100",
    good="rehearsal.yaml: training: {device: cpu, steps: 900}\n"
    "release.yaml: training: {device: cuda, steps: 57000}",
)
def check(view: View) -> Iterator[Violation]:
    """A release that runs at the rehearsal's scale is a smoke test under another name.

    Settings say themselves that they make up the scale: in their record, `scale` is `differs`
    (steps, sizes of the model, vocabulary, length of sequences, tokens of an evaluation: equal values
    are a finding wherever they come from) or `stated` (patience and its like: equal values are a
    finding when the release inherits its own from a default that was chosen for a test). Looked at
    are sections that at least one of the two profiles writes down for a model of both.
    """
    for release, document in view.profiles("release"):
        for rehearsal, _ in view.profiles("rehearsal"):
            for model in release.pipeline.keys() & rehearsal.pipeline.keys():
                yield from _equal(view, release, document, rehearsal, model)


def _equal(
    view: View, release: Profile, document: Document, rehearsal: Profile, model: str
) -> Iterator[Violation]:
    theirs, ours = rehearsal.settings_of(model), release.settings_of(model)
    for section in sorted((theirs.keys() | ours.keys()) & view.known.settings.keys()):
        own, other = ours.get(section, {}), theirs.get(section, {})
        for name, field, scale in _scale_of(view.known.settings[section]):
            value = _value(own, name, field)
            stated = name in own
            if value is None or value != _value(other, name, field) or (stated and scale == "stated"):
                continue
            yield Violation(
                document, ("pipeline", model, section, name),
                f"{section}.{name} of {model} is {value} at {release.profile} and at {rehearsal.profile}: "
                + _where(release.profile, rehearsal.profile, stated=stated, other=name in other),
                f"write `{name}` of the real run into {release.profile}",
            )  # fmt: skip


def _scale_of(record: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, str]]:
    for name, field in record.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and isinstance(scale := extra.get("scale"), str):
            yield name, field, scale


def _value(section: Mapping[str, Any], name: str, field: FieldInfo) -> Any:
    """As written, else the default; None where there is neither."""
    if name in section:
        return section[name]
    return None if field.is_required() else field.get_default()


def _where(release: str, rehearsal: str, *, stated: bool, other: bool) -> str:
    if stated and other:
        return "it stands in both"
    if stated:
        return f"{rehearsal} inherits it from the default"
    if other:
        return f"{release} inherits it from the default"
    return "both inherit it from the default"
