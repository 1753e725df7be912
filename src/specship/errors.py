"""The one tree of errors: where it went wrong, what, why, and how to mend it.

    SpecshipError
    ├── UnusableInput        something a person wrote or handed over cannot be used
    │   ├── UnreadableDocument   one or more located faults in a YAML, JSON or JSONL text
    │   ├── UnknownName          a key, id, probe, stage, unit or criterion nobody knows
    │   └── DamagedArtifact      bytes differ from what their manifest or format promises
    │       └── NeverFetched         a few lines that Git LFS left in a file's place
    ├── RequirementMissing   what a gate or stage needs is not here (a verdict of BLOCKED)
    ├── NotRecorded          what a gate measures was never written down (a verdict of UNBOUND)
    ├── CannotWrite          the disk is full or refuses; nothing half-written stays
    └── StageFailed          a stage ended without its artifact

A gate that fails is a `Verdict`, never an exception. Every error here ends a command with
exit status 2; what is none of these is a defect of specship and ends with 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Place:
    """Where something stands: a file, and a line and column (both from 1) or a byte offset.

    Written out instead of as a dataclass: every command imports this module, and `dataclasses` takes
    longer to import than the whole rest of it.
    """

    __slots__ = ("column", "line", "offset", "path")

    def __init__(
        self, path: str, line: int | None = None, column: int | None = None, offset: int | None = None
    ) -> None:
        self.path = path
        self.line = line
        self.column = column
        self.offset = offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Place) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __repr__(self) -> str:
        return f"Place({self})"

    def _facts(self) -> tuple[str, int | None, int | None, int | None]:
        return self.path, self.line, self.column, self.offset

    def __str__(self) -> str:
        if self.offset is not None:
            return f"{self.path}@{self.offset}"
        if self.line is None:
            return self.path
        return f"{self.path}:{self.line}:{self.column or 1}"


class SpecshipError(Exception):
    """Root of the tree. `at` says where, `why` gives the rule, `mend` what to do.

    `code` is the stable code of a fault in something that people write (see `codes`): it is printed
    behind the place, `specship explain CODE` tells more about it, and reports carry it.

    Source: `docs/lint.md` lists the codes.
    """

    exit_status = 2
    usual_mend = ""
    """What mends all errors of a kind, where one says nothing of its own."""

    def __init__(
        self,
        message: str,
        *,
        at: Place | str | Path | None = None,
        why: str = "",
        mend: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.at = at if isinstance(at, Place) or at is None else Place(str(at))
        self.why = why
        self.mend = mend or ("" if why or code else self.usual_mend)
        self.code = code

    def __str__(self) -> str:
        text = f"{self.code} {self.message}" if self.code else self.message
        if self.at:
            text = f"{self.at} {text}" if self.code else f"{self.at}: {text}"
        why, mend = self.why, self.mend
        if self.code:
            from specship.codes import CODES

            why = why or (CODES[self.code].why if self.code in CODES else "")
            mend = mend or f"see `specship explain {self.code}`"
        if why:
            text += f"\n  why:  {why}"
        if mend:
            text += f"\n  mend: {mend}"
        return text


class UnusableInput(SpecshipError):
    """Something a person wrote or handed over cannot be used.

    Source: the tree at the top of `specship.errors`.
    """


class UnknownName(UnusableInput):
    """A name that binds to nothing."""


class DamagedArtifact(UnusableInput):
    """Bytes differ from what their manifest or their format promises.

    Source: the tree at the top of `specship.errors`.
    """

    usual_mend = "make it again, or take a whole copy from where it came from"


class NeverFetched(DamagedArtifact):
    """A few lines that Git LFS left in a file's place.

    Source: the tree at the top of `specship.errors`.
    """


class UnreadableDocument(UnusableInput):
    """One or more located faults in a document; all of them are reported, not only the first."""

    def __init__(self, faults: Iterable[UnusableInput]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(first.message, at=first.at, why=first.why, mend=first.mend, code=first.code)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class RequirementMissing(SpecshipError):
    """What a gate or stage needs is not on this machine; its verdict is BLOCKED, never PASS.

    Source: the tree at the top of `specship.errors`.
    """


class NotRecorded(SpecshipError):
    """What a gate measures was not recorded while it could be known; its verdict is UNBOUND, never PASS.

    A probe raises it, or gives it for the one quantity that it could not take.

    Source: the tree at the top of `specship.errors`.
    """


class CannotWrite(SpecshipError):
    """The disk is full or refuses the write; nothing half-written was left under a final name."""


class StageFailed(SpecshipError):
    """A stage ended without its artifact."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Advice on a name that a person gave and that binds to nothing; empty where none is near.

    `write 'X'` is said of a slip of the pen alone, `the nearest is 'X'` of anything else that is alike.
    Not for what a program wrote, such as the family of a checkpoint: there `llava` is no slip of `llama`.
    """
    import difflib

    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return slip_of(name, names) or (f"the nearest is {near[0]!r}" if near else "")


def slip_of(name: str, known: Iterable[str]) -> str:
    """`write 'X'` where a name is a slip of the pen for the one X; empty where it may mean something else.

    A slip is one letter too many, too few, wrong or out of turn; capitals and separators do not count.
    Other numbers make another name: task 9 is never a slip for task 2.
    """
    spelt = [(one, _spelling(one)) for one in known]
    own = _spelling(name)
    meant = [one for one, spelling in spelt if spelling == own]
    meant = meant or [one for one, spelling in spelt if _one_letter_apart(own, spelling)]
    return f"write {meant[0]!r}" if len(meant) == 1 and own[0].strip("0") else ""


def _spelling(name: str) -> tuple[str, tuple[str, ...]]:
    """Letters of a name without capitals and separators, a 0 for each number, and its numbers."""
    import re

    parts = re.findall(r"[0-9]+|[^0-9\W_]+", name.casefold())
    numbers = tuple(part.lstrip("0") for part in parts if part[0] in "0123456789")
    return "".join("0" if part[0] in "0123456789" else part for part in parts), numbers


def _one_letter_apart(one: tuple[str, tuple[str, ...]], other: tuple[str, tuple[str, ...]]) -> bool:
    if one[1] != other[1]:
        return False
    short, long = sorted((one[0], other[0]), key=len)
    same = next(
        (i for i, pair in enumerate(zip(short, long, strict=False)) if len(set(pair)) > 1), len(short)
    )
    a, b = short[same:], long[same:]
    if len(a) != len(b):
        return a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
