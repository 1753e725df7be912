"""What was seen: facts by section, and what is unusual."""

from __future__ import annotations

from collections.abc import Mapping

from specship.contracts.records import Frozen
from specship.errors import SpecshipError

Fact = str | tuple[str, ...]
"""One thing in words, or several of a kind."""


class Unusual(Frozen):
    """Something that a healthy installation and project do not have."""

    what: str
    """With its place, where it has one."""
    why: str = ""
    mend: str = ""
    stops: bool = True
    """Whether work stops on it: something cannot be read, judged or believed."""

    @classmethod
    def of(cls, error: SpecshipError) -> Unusual:
        """An error as it is seen from here."""
        first, *_ = str(error).split("\n  why:", 1)[0].split("\n  mend:", 1)
        return cls(what=first, why=error.why, mend=error.mend)


class Section(Frozen):
    """Facts about one subject, in the order they are shown."""

    name: str
    facts: Mapping[str, Fact]
    unusual: tuple[Unusual, ...] = ()


class Checkup(Frozen):
    """Everything that was seen."""

    sections: tuple[Section, ...]

    @property
    def unusual(self) -> tuple[Unusual, ...]:
        """What is unusual, what stops work first."""
        found = [one for section in self.sections for one in section.unusual]
        return tuple(sorted(found, key=lambda one: not one.stops))

    @property
    def stopped(self) -> bool:
        """Whether anything stops work."""
        return any(one.stops for one in self.unusual)
