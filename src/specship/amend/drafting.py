"""The next amendment of a spec: what people say and what a review found, as one new file.

People never write a version or a file's name: the version that it follows is the one that the amendments
of today lead to, and the name holds a digest of the text, so that no two branches write the same file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from specship.amend.findings import Entry
from specship.amend.prose import percentages_in, without_percentages
from specship.contracts.building import build
from specship.contracts.document import Document, document_of
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.review.records import BUMPS, Direction, Review
from specship.specs.advice import advice
from specship.specs.project import Project
from specship.specs.records import Amendment, Recommendation
from specship.specs.version import fold
from specship.suite.scaffold.naming import amendment_name, modeline
from specship.suite.scaffold.placing import Draft
from specship.suite.scaffold.stamping import said, scalar

_LONGEST: Final = 900
"""Characters of what a review says of one id that are kept; the rest stands in the diff."""


class Closing(NamedTuple):
    """A recommendation that is no longer open, and what made it so."""

    id: str
    state: Literal["RESOLVED", "SUPERSEDED"]
    pointer: str


@dataclass(frozen=True, slots=True)
class AmendmentWish:
    """What a person, or an audit, has to say; what is left out is taken from the review."""

    why: str = ""
    bump: Literal["major", "minor", "patch"] | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    """What is different from now on, by the id of what changed."""
    five_whys: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    given: tuple[Recommendation, ...] = ()
    """Advice to whoever works on the spec after this."""
    closed: tuple[Closing, ...] = ()


@dataclass(frozen=True, slots=True)
class Drafted:
    """An amendment that is about to be written, and the version that it leads to."""

    draft: Draft
    amendment: Amendment
    document: Document
    before: str
    version: str

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.draft.path.rpartition("/")[2]


def changes_to_name(review: Review, named: Iterable[str] = ()) -> dict[str, str]:
    """What moved, by id, in the words of the review: words alone are named where nothing else changed.

    Amendments are left out, and what they name already.
    """
    known = set(named)
    own = [change for change in review.changes if change.about != "amendment" and change.id not in known]
    heavy = [change for change in own if change.direction != Direction.NEUTRAL]
    found: dict[str, list[str]] = {}
    for change in heavy or own:
        found.setdefault(change.id, []).append(change.says.removeprefix(f"{change.id}: "))
    said_of = {
        identity: without_percentages(" ".join(dict.fromkeys(sentences)))
        for identity, sentences in found.items()
    }
    return {
        identity: text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        for identity, text in said_of.items()
    }


def draft_amendment(
    project: Project, wish: AmendmentWish, review: Review, others: Mapping[str, Entry]
) -> Drafted:
    """The next amendment; `others` are those that are new in the same change, by file name.

    Raises:
        UnusableInput: it says no reason or nothing that changes, asks for a smaller step than the review
            demands, types a percentage, or closes advice that nobody gave.
    """
    named = {change.id for amendment, _ in others.values() for change in amendment.changes}
    asked = max((BUMPS.index(amendment.bump) for amendment, _ in others.values()), default=0)
    demanded = BUMPS.index(review.required_bump)
    required = BUMPS[demanded] if demanded > max(asked, 1) else "patch"
    bump = wish.bump or required
    if BUMPS.index(bump) < BUMPS.index(required):
        heaviest = review.changes[0]
        raise UnusableInput(
            f"a {bump} step is too small",
            why=f"{heaviest.id} is {heaviest.direction}: {heaviest.says}",
            mend=f"leave --bump out, or give --bump {required}",
        )
    given = [_told(one) for one in wish.given]
    closed = [_closed(project, one) for one in wish.closed]
    changes = {**changes_to_name(review, named), **wish.changes}
    if not changes:  # advice alone changes the advice, and nothing else
        changes = {one["id"]: f"The recommendation is {one['state']}." for one in [*given, *closed]}
    if not changes:
        raise UnusableInput(
            "nothing changed that this amendment could be about",
            mend="say it: --change ID='what is different'",
        )
    parts: dict[str, Any] = {
        "changes": [
            {"id": said(key, what="--change"), "what": said(what, what=f"--change {key}")}
            for key, what in changes.items()
        ],
        "five_whys": [said(one, what="--five-why") for one in wish.five_whys],
        "lessons": [said(one, what="--lesson") for one in wish.lessons],
        "recommendations": [*given, *closed],
    }
    why = said(wish.why, what="--why")
    _insist_no_percentage([why, *parts["five_whys"], *parts["lessons"], *wish.changes.values()])
    text = _text(bump, project.spec.version, why, parts)
    name = amendment_name(project.spec.amendments, why, text)
    path = f"{project.configuration.spec}/amendments/{name}"
    document = document_of(text.encode(), path)
    amendment = build(document, Amendment)
    return Drafted(
        Draft(path, text),
        amendment,
        document,
        project.spec.version,
        _version(project, name, amendment, document),
    )


def _version(project: Project, name: str, amendment: Amendment, document: Document) -> str:
    entries = {step.name: (step.amendment, document) for step in project.spec.history.steps}
    return fold({**entries, name: (amendment, document)}).version


def _told(one: Recommendation) -> dict[str, Any]:
    what = said(one.what, what="--recommend")
    plain = one.model_copy(update={"what": what})
    fields = plain.model_dump(mode="json", exclude_defaults=True)
    return {"id": plain.identity, **fields}


def _closed(project: Project, closing: Closing) -> dict[str, Any]:
    known = advice(project.spec.history)
    if closing.id not in known:
        raise UnknownName(
            f"no amendment gave the recommendation {closing.id!r}",
            mend=did_you_mean(closing.id, known) or "list them: specship spec history",
        )
    return {
        "id": closing.id, "what": known[closing.id].given.what, "state": closing.state,
        "pointer": said(closing.pointer, what=f"the pointer of {closing.id}"),
    }  # fmt: skip


def _insist_no_percentage(texts: Iterable[str]) -> None:
    for text in texts:
        if typed := percentages_in(text):
            raise UnusableInput(
                f"{typed[0]!r} is a percentage that somebody typed: {text[:60]!r}",
                why="a percentage is computed from evidence, or it is a limit and stands in a contract",
                mend="leave it out; `specship status` prints the ship-%",
            )


def _text(bump: str, after: str, why: str, parts: Mapping[str, list[Any]]) -> str:
    lines = [f"bump: {bump}", f"after: {after}", f"why: {scalar(why)}"]
    for key, entries in parts.items():
        if entries:
            lines += [f"{key}:", *(f"  - {_inline(entry)}" for entry in entries)]
    return modeline("amendment") + "\n".join([*lines, ""])


def _inline(value: Any) -> str:
    """A value on one line, its texts quoted unless they are plain words."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if "," in value else scalar(value)
    return json.dumps(value)
