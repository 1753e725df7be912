"""The version of a spec: the fold of its amendments.

An amendment says which version its writer saw and how large a step it asks for. What it saw follows from
that: the amendments that together lead to this version. All amendments apply, and a step makes the lower
numbers zero only as far as its writer saw them, so

- on one line of work a version is the usual one (1.1.1, then a minor step: 1.2.0);
- every amendment that is added raises the version, however late its branch is merged;
- everyone who has the same files computes the same version, whoever merged first.

Two branches that both amend write two files and merge without touching a common line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from specship.contracts.document import Document
from specship.errors import UnusableInput
from specship.specs.records import Amendment

Version = tuple[int, int, int]
BEGINNING: Final[Version] = (0, 0, 0)
_ORDER: Final = ("major", "minor", "patch")
_TRIES: Final = 500
"""Sets of amendments among which the one that a writer saw is looked for; the first is nearly always it."""


def parse(text: str) -> Version:
    """`1.2.3` as three whole numbers."""
    major, minor, patch = (int(part) for part in text.split("."))
    return major, minor, patch


def text_of(version: Version) -> str:
    """Three whole numbers as `1.2.3`."""
    return ".".join(str(part) for part in version)


def raised(version: Version, bump: str) -> Version:
    """The version one step of that size further."""
    major, minor, patch = version
    return {
        "major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1),
    }[bump]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One amendment in the order of the fold, and the version of the spec with it and all before it."""

    name: str
    """Name of its file."""
    amendment: Amendment
    version: str


@dataclass(frozen=True, slots=True)
class History:
    """Every amendment that can be folded, in the one order; and the edit that each other one needs."""

    steps: tuple[Step, ...]
    faults: tuple[UnusableInput, ...] = ()
    """With all the edits that they ask for made, every amendment can be folded."""

    @property
    def version(self) -> str:
        """The version that the steps lead to."""
        return self.steps[-1].version if self.steps else text_of(BEGINNING)


def fold(amendments: Mapping[str, tuple[Amendment, Document]]) -> History:
    """The amendments of a spec, by file name, in the order in which they apply."""
    asked = {name: (parse(one.after), one.bump) for name, (one, _) in amendments.items()}
    faults: dict[str, UnusableInput] = {}
    while True:
        folding = _Folding(asked)
        versions, lost = folding.run(sure=faults.keys())
        if lost is None:
            steps = (Step(name, amendments[name][0], text_of(version)) for name, version in versions.items())
            return History(tuple(steps), tuple(faults.values()))
        there = next(reversed(versions.values()), BEGINNING)
        faults[lost] = _fault(lost, amendments[lost], versions, text_of(there))
        asked[lost] = (there, asked[lost][1])


def _fault(
    name: str, entry: tuple[Amendment, Document], versions: dict[str, Version], there: str
) -> UnusableInput:
    amendment, document = entry
    last = (
        f"the newest, {next(reversed(versions))}, leads to {there}" if versions else "there is none before it"
    )
    return UnusableInput(
        f"{name} says `after: {amendment.after}`, and no amendment leads to that version",
        at=document.place("after"),
        why=f"amendments apply one after another: {last}; the file of the one before this is missing",
        mend=f"bring the missing file, or in {document.path} write `after: {there}` "
        f"instead of `after: {amendment.after}`",
        code="SHIP314",
    )


class _Folding:
    """One fold; sets of amendments are the bits of whole numbers, in the order in which they apply.

    Who has seen whom decides the version: it counts the major steps, the minor steps that no major step
    has seen, and the patches that no larger step has seen.
    """

    def __init__(self, asked: Mapping[str, tuple[Version, str]]) -> None:
        self._asked = asked
        self._names = sorted(asked, key=lambda name: (asked[name][0], _ORDER.index(asked[name][1]), name))
        self._of_size = {
            size: sum(1 << bit for bit, name in enumerate(self._names) if asked[name][1] == size)
            for size in _ORDER
        }
        self._saw: list[int] = []

    def run(self, *, sure: Collection[str]) -> tuple[dict[str, Version], str | None]:
        """The version with each amendment and all before it, and the first that follows nothing."""
        versions: dict[str, Version] = {}
        shown: list[Version] = []
        for bit, name in enumerate(self._names):
            after, bump = self._asked[name]
            could = sum(1 << other for other in range(bit) if shown[other] <= after)
            saw = self._seen_at(after, could)
            if saw is None and name not in sure:
                return versions, name
            self._saw.append(could if saw is None else saw)
            shown.append(raised(after, bump))
            versions[name] = self._version((2 << bit) - 1)
        return versions, None

    def _version(self, chosen: int) -> Version:
        major, minor, patch = (chosen & self._of_size[size] for size in _ORDER)
        seen = self._seen_by(major)
        minor_seen = seen | self._seen_by(minor)
        return major.bit_count(), (minor & ~seen).bit_count(), (patch & ~minor_seen).bit_count()

    def _seen_by(self, chosen: int) -> int:
        seen = 0
        for bit in _bits(chosen):
            seen |= self._saw[bit]
        return seen

    def _seen_at(self, after: Version, could: int) -> int | None:
        """Which amendments lead to a version, of those that it can have been written after."""
        pending, tried = [could], {could}
        while pending:
            chosen = pending.pop()
            version = self._version(chosen)
            if version == after or (len(tried) > _TRIES and version > after):
                return chosen
            if version < after:
                continue
            newest = chosen & ~self._seen_by(chosen)
            for size in reversed(_ORDER):  # the last one is tried first: the newest of the largest
                fewer = [chosen & ~(1 << bit) for bit in _bits(newest & self._of_size[size])]
                pending += [one for one in fewer if one not in tried]
                tried.update(fewer)
        return None


def _bits(chosen: int) -> Iterator[int]:
    while chosen:
        lowest = chosen & -chosen
        yield lowest.bit_length() - 1
        chosen ^= lowest
