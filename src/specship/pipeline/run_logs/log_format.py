"""A format of logs that is read beside a run of ours and a Trainer's state: one file each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specship.discovery import Folder, one_each
from specship.errors import UnusableInput
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.series.columns import PREFIX, Columns

FORMATS: Final = Folder("specship.pipeline.run_logs.formats")
MOST_DAMAGE: Final = 100
"""Places of a log that could not be read, which are said one by one; behind them it is given up."""
_SEARCHED: Final = 1000
"""Files of a folder that are looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """How files of a format are found and read."""

    kind: str
    """What such a run is called: `Lightning log`."""
    files: tuple[str, ...]
    """Patterns of its files' names below a run's folder; the newest by name is read."""
    read: Callable[[Path, Columns], tuple[Facts, list[str]]]
    """Facts of one file, under the columns that are told, and notes."""
    recognises: Callable[[Path], bool] = lambda _: True
    """Whether a file that is called so is one of this format, by its beginning."""
    one_only: bool = False
    """Whether a folder that holds several is refused until one is named: none of them is the newest."""
    order: int = 0
    """Formats are asked for by it: 1, whose files can be called anything; 2, what is but recognised."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each need of a cause would stand, and in which unit; what is not named has no place in it."""


@functools.cache
def all_formats() -> Mapping[str, LogFormat]:
    """Every format by the kind of run."""
    found = one_each("formats of logs", FORMATS.members("FORMAT"), lambda form: form.kind)
    return dict(sorted(found.items(), key=lambda one: one[1].order))


def log_in(path: Path, columns: Columns | None = None) -> tuple[LogFormat, Path] | None:
    """The format of a file, or of the newest file of a folder, that is a log of another program.

    Raises:
        UnusableInput: a folder holds several, and which is meant must be said.
    """
    for form in all_formats().values():
        found = files_of(form, path)
        if form.one_only and len(found) > 1:
            found = _chosen(path, found, columns.run if columns else None)
        if found:
            return form, found[-1]
    return None


def files_of(form: LogFormat, path: Path) -> list[Path]:
    """A file, or files of a folder, that are of a format; the newest last."""
    if path.is_file():
        found = [path for pattern in form.files if path.match(pattern.rpartition("/")[2])][:1]
    else:
        found = sorted({one for pattern in form.files for one in path.glob(pattern)}, key=_age)
    return [one for one in found[-_SEARCHED:] if form.recognises(one)]


def _chosen(path: Path, found: list[Path], told: str | None) -> list[Path]:
    named = [one for one in found if told in {one.name, str(one.relative_to(path)), one.parent.name}]
    if len(named) == 1:
        return named
    raise UnusableInput(
        f"{len(found)} logs lie here",
        at=path,
        why=f"which is meant is not known: {_listed(str(one.relative_to(path)) for one in found)}",
        mend=f"name the file itself, or say --fact {PREFIX}run={found[-1].relative_to(path)}",
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_first(names, 10))


def _first(names: Iterable[str], most: int) -> Iterator[str]:
    for number, name in enumerate(names):
        if number == most:
            yield "…"
            return
        yield name[:80]


def _age(path: Path) -> tuple[int, str, str]:
    """Order of `version_2` before `version_10`."""
    digits = "".join(letter for letter in path.parent.name if letter.isdecimal())[:20]
    return int(digits or 0), path.name, str(path)
