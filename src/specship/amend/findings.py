"""What an amendment says, held against what the change does."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from specship.amend.prose import CLAIMS, STRICTER, percentages_in
from specship.contracts.document import Document
from specship.contracts.records import Frozen
from specship.review.records import BUMPS, Change, Direction, Review, bump_of
from specship.specs.records import Amendment

Entry = tuple[Amendment, Document]


class AmendmentFinding(Frozen):
    """One thing in which an amendment and the change that it stands for do not agree."""

    kind: Literal[
        "no-amendment",
        "not-named",
        "did-not-change",
        "refuted-claim",
        "bump-too-small",
        "bad-pointer",
        "typed-percentage",
    ]
    """In what."""
    place: str
    """`file:line:column` in the amendment."""
    message: str
    """What does not agree."""
    why: str
    """What the diff, or the project, says instead."""
    mend: str
    """The edit."""

    def __str__(self) -> str:
        return f"{self.place} {self.kind} {self.message}\n  why:  {self.why}\n  mend: {self.mend}"


def amendment_findings(
    new: Mapping[str, Entry], review: Review, *, pointers: Collection[str], given: Collection[str] = ()
) -> tuple[AmendmentFinding, ...]:
    """The new amendments of a change, by file name, held against its review.

    `pointers` are all names that advice can be closed by: gates, digests of statements, files of amendments;
    `given` are the ids of all recommendations. An empty tuple means that both agree.
    """
    changes = [change for change in review.changes if change.about != "amendment"]
    return (
        *_as_a_whole(new, changes),
        *(finding for entry in new.values() for finding in _in_itself(entry, changes, pointers, given)),
    )


def _as_a_whole(new: Mapping[str, Entry], changes: list[Change]) -> Iterator[AmendmentFinding]:
    moved = [change for change in changes if change.direction != Direction.NEUTRAL]
    if not moved:
        return
    if not new:
        first = moved[0]
        yield AmendmentFinding(
            kind="no-amendment", place=_place_of(first), message="no amendment says why this changes",
            why=first.says, mend="write one: specship amend --why 'what made it necessary'",
        )  # fmt: skip
        return
    amendment, document = max(new.values(), key=lambda entry: BUMPS.index(entry[0].bump))
    named = {change.id for entry, _ in new.values() for change in entry.changes}
    for identity in dict.fromkeys(change.id for change in moved if not {change.id, change.was} & named):
        says = next(change.says for change in moved if change.id == identity)
        yield AmendmentFinding(
            kind="not-named", place=str(document.place("changes")), message=f"it does not name {identity}",
            why=says, mend=f"add under `changes:` a line `- {{id: {identity}, what: …}}`",
        )  # fmt: skip
    worst = max(moved, key=lambda change: BUMPS.index(bump_of(change.direction)))
    required = bump_of(worst.direction)
    if BUMPS.index(amendment.bump) < BUMPS.index(required):
        yield AmendmentFinding(
            kind="bump-too-small", place=str(document.place("bump")),
            message=f"it asks for a {amendment.bump} step, and the change demands a {required} one",
            why=f"{worst.id} is {worst.direction}: {worst.says}", mend=f"write `bump: {required}`",
        )  # fmt: skip


def _place_of(change: Change) -> str:
    return f"{change.path or change.id}:{change.line or 1}:1"


def _in_itself(
    entry: Entry, changes: list[Change], pointers: Collection[str], given: Collection[str]
) -> Iterator[AmendmentFinding]:
    amendment, document = entry
    yield from _named_for_nothing(amendment, document, changes, given)
    yield from _pointers(amendment, document, pointers, given)
    for path, text, about in _prose(amendment):
        yield from _refuted(document, path, text, about, changes)
        yield from _percentages(document, path, text, changes)


def _named_for_nothing(
    amendment: Amendment, document: Document, changes: list[Change], given: Collection[str]
) -> Iterator[AmendmentFinding]:
    moved = {change.id for change in changes} | {change.was for change in changes}
    for number, change in enumerate(amendment.changes):
        if change.id not in moved and change.id not in given:
            yield AmendmentFinding(
                kind="did-not-change", place=str(document.place("changes", number, "id")),
                message=f"it says that {change.id} changed", why="nothing of that id differs in the diff",
                mend="take the line out, or make the change",
            )  # fmt: skip


def _pointers(
    amendment: Amendment, document: Document, pointers: Collection[str], given: Collection[str]
) -> Iterator[AmendmentFinding]:
    for number, one in enumerate(amendment.recommendations):
        if one.state == "OPEN":
            continue
        at = ("recommendations", number)
        if one.identity not in given:
            yield AmendmentFinding(
                kind="bad-pointer", place=str(document.place(*at)),
                message=f"it closes {one.identity}, which no amendment gave",
                why="what nobody recommended cannot be done with", mend="list them: specship spec history",
            )  # fmt: skip
        if not points_to(one.pointer or "", pointers):
            yield AmendmentFinding(
                kind="bad-pointer", place=str(document.value_place(*at, "pointer")),
                message=f"{one.identity} is {one.state} by {one.pointer!r}, which leads nowhere",
                why="a pointer names a gate, a statement of the ledger or an amendment's file",
                mend="name what made it so; `specship explain` and `specship spec history` show the names",
            )  # fmt: skip


def points_to(pointer: str, pointers: Collection[str]) -> tuple[str, ...]:
    """The names that a pointer leads to; a digest may be shortened to 12 digits."""
    words = re.findall(r"[\w.-]+", pointer)
    digests = [word for word in words if re.fullmatch(r"[0-9a-f]{12,64}", word)]
    return tuple(
        name for name in pointers if name in words or any(name.startswith(digest) for digest in digests)
    )


def _prose(amendment: Amendment) -> Iterator[tuple[tuple[str | int, ...], str, str | None]]:
    """Every text of an amendment with its place, and the id that it is about."""
    yield ("why",), amendment.why, None
    for number, change in enumerate(amendment.changes):
        yield ("changes", number, "what"), change.what, change.id
    for key, texts in (("five_whys", amendment.five_whys), ("lessons", amendment.lessons)):
        for number, text in enumerate(texts):
            yield (key, number), text, None
    for number, one in enumerate(amendment.recommendations):
        if one.origin is None and one.state == "OPEN":  # an audit has its own words, and a closing repeats
            yield ("recommendations", number, "what"), one.what, None


def _refuted(
    document: Document, path: tuple[str | int, ...], text: str, about: str | None, changes: list[Change]
) -> Iterator[AmendmentFinding]:
    if path[0] not in {"why", "changes"}:
        return
    own = [change for change in changes if about in {None, change.id, change.was}]
    for claim, refuting in CLAIMS:
        found = claim.search(text)
        against = next((change for change in own if change.direction in refuting), None)
        if found and against:
            yield _claim(document, path, found[0], against)
    stricter = STRICTER.search(text) if about else None
    directions = {change.direction for change in own}
    if stricter and own and not directions & {Direction.STRENGTHENED, Direction.ADDED}:
        yield _claim(document, path, stricter[0], own[0])


def _claim(document: Document, path: tuple[str | int, ...], claim: str, against: Change) -> AmendmentFinding:
    return AmendmentFinding(
        kind="refuted-claim", place=str(document.value_place(*path)), message=f"it claims {claim!r}",
        why=f"{against.id} is {against.direction}: {against.says}", mend="say what the change does",
    )  # fmt: skip


def _percentages(
    document: Document, path: tuple[str | int, ...], text: str, changes: list[Change]
) -> Iterator[AmendmentFinding]:
    measured = " ".join(f"{change.says} {change.before} {change.after}" for change in changes)
    for typed in percentages_in(text):
        if typed not in measured:  # a limit that the diff itself moves is no figure of somebody's own
            yield AmendmentFinding(
                kind="typed-percentage", place=str(document.value_place(*path)),
                message=f"{typed!r} is a percentage that somebody typed",
                why="a percentage is computed from evidence, or it is a limit and stands in a contract",
                mend="leave it out; `specship status` prints the ship-%",
            )  # fmt: skip
