"""The version of a spec: the fold of its amendments.

An amendment says which version its writer saw and how large a step it asks for. Amendments that
were written side by side, after the same version, all apply: the larger step first, then by file
name. So two branches that both amend merge without touching a common line, and everyone who has
the same files computes the same version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from specship.contracts.document import Document
from specship.errors import UnusableInput
from specship.specs.records import Amendment

Version = tuple[int, int, int]
BEGINNING: Final[Version] = (0, 0, 0)
_ORDER: Final = ("major", "minor", "patch")


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


def fold(amendments: Mapping[str, tuple[Amendment, Document]]) -> str:
    """The version that amendments, by file name, amount to.

    Raises:
        UnusableInput: an amendment follows a version that none of the others leads to.
    """
    version, reached = BEGINNING, {BEGINNING}
    pending = dict(sorted(amendments.items()))
    while pending:
        ready = [name for name, (amendment, _) in pending.items() if parse(amendment.after) in reached]
        if not ready:
            name, (amendment, document) = next(iter(pending.items()))
            raise UnusableInput(
                f"{name} follows version {amendment.after}, which no amendment leads to",
                at=document.place("after"),
                why=f"the others lead to {', '.join(text_of(v) for v in sorted(reached))}",
                mend=f"write `after: {text_of(version)}`",
                code="SHIP314",
            )
        for name in sorted(ready, key=lambda name: (_ORDER.index(pending[name][0].bump), name)):
            amendment, _ = pending.pop(name)
            reached.add(raised(parse(amendment.after), amendment.bump))  # what its own branch showed
            version = raised(version, amendment.bump)
            reached.add(version)
    return text_of(version)
