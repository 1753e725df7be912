"""What a kind of thing is that can be adopted: how it is recognised, and what is asked of it then.

A file of `kinds/` defines `KIND = AdoptedKind(...)`; adding one edits no other file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from specship.discovery import Folder, one_each

Told = Mapping[str, str]
"""Facts that a caller tells of what was found, such as `columns.loss: nll`."""
KINDS: Final = Folder("specship.suite.adopting.kinds")


@dataclass(frozen=True, slots=True)
class AskedLimit:
    """What a gate expects of a quantity: the limit that is in its nature, or one that is measured first."""

    operator: Literal["equals", "at_least", "at_most"]
    value: Any = None
    """The limit; None where what is measured proposes it."""
    room: float = 1.0
    """Of a proposed limit: what is measured times this."""
    confidence: float | None = None
    """With which the limit has to be shown; proposed is what the measurement shows with it."""
    count: str = ""
    """The quantity that says of how many samples it is a share, where it is one."""
    error: str = ""
    """The quantity that is its standard error, where it is no share."""


ZERO: Final = AskedLimit("equals", 0)
AS_MEASURED: Final = AskedLimit("equals")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedGate:
    """One rule about what was adopted."""

    rule: str
    stage: str
    """The part of the lifecycle; gates of one part stand in one contract."""
    probe: str = ""
    """Who measures; empty for a rule that a person has to bind."""
    expect: Mapping[str, AskedLimit] = field(default_factory=dict)
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    excused: Mapping[str, str] = field(default_factory=dict)
    """Limits that no fault can break, each with the reason."""
    hint: tuple[str, ...] = ()
    """Lines of a comment: what would bind a rule that nobody measures yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedCriterion:
    """What has to be true before it ships, and the rules that show it."""

    statement: str
    because: str
    weight: int
    """Its share beside the other criteria, whatever they sum to."""
    gates: tuple[AdoptedGate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptedKind:
    """A kind of thing that somebody brings."""

    name: str
    """What it is called: `checkpoint`."""
    recognise: Callable[[Path, Told], str]
    """What a path is, in words; the empty string where it is nothing of this kind.

    Raises DamagedArtifact or UnusableInput where it is, and cannot be read.
    """
    settings: Callable[[Path, str, Told], Mapping[str, Mapping[str, Any]]]
    """Sections of the pipeline, from the path, its name in the project's files, and what is told of it."""
    criteria: tuple[AdoptedCriterion, ...]
    facts: str = ""
    """How the names of facts begin that are told to it alone: `evaluated.`; the others get the rest."""
    rivals: Callable[[Path, Path], bool] = lambda _taken, _other: False
    """Whether one that was taken and another leave it open which is meant, so that somebody has to say."""
    files: Callable[[Path], tuple[Path, ...]] | None = None
    """Other files that belong to what was found, and are nothing by themselves."""
    besides: str = ""
    """What can be done with such another one, for the error that names them."""
    suited: Callable[[Path, Mapping[str, Path], Told], AdoptedKind] | None = None
    """The same kind with what is asked of this one: its path, paths of others by kind, what was told."""
    takes_facts: bool = False
    """Whether anything can be told of it."""
    template: str = ""
    """The template of `specship init` that begins with it; empty where none does."""
    example: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Sections of a project that has nothing yet, at any scale."""
    at_release: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What of them is another at release: values by section."""


def row_of(path: Path) -> tuple[str, int]:
    """What a path is called without its last number, and that number: of a row, such as `checkpoint-1000`."""
    number = re.search(r"([0-9]{1,15})(?=\D*$)", path.name)
    return re.sub(r"[0-9]+(?=\D*$)", "", path.name), int(number[1]) if number else 0


def told_to(kind: AdoptedKind, told: Told) -> Told:
    """The facts that are told to a kind, without its own beginning."""
    if kind.facts:
        return {
            name.removeprefix(kind.facts): text for name, text in told.items() if name.startswith(kind.facts)
        }
    apart = tuple(one.facts for one in all_kinds().values() if one.facts)
    return {name: text for name, text in told.items() if not name.startswith(apart)}


def all_kinds() -> Mapping[str, AdoptedKind]:
    """Every kind by its name, in the order in which a path is asked."""
    return one_each("kinds that are adopted", KINDS.members("KIND"), lambda kind: kind.name)
