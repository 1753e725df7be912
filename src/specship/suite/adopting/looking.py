"""A path that nobody here has seen before: what in it is of a kind that is known, and what is not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship.errors import SpecshipError, UnusableInput
from specship.pipeline.checkpoint.recognition import other_kind
from specship.suite.adopting.adopted_kind import AdoptedKind, Told, all_kinds, row_of, told_to

_DEPTH: Final = 3
_MOST: Final = 2000
"""Files and folders that are looked at; a folder of more is a data set, and no project."""
_OF_MODELS: Final = (
    ".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".distcp", ".h5", ".msgpack", ".onnx", ".npz", ".nemo",
    "config.json", "model_index.json",
)  # fmt: skip
_LEFT_ALONE: Final = frozenset({"node_modules", "site-packages", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """Something of a known kind."""

    kind: AdoptedKind
    path: Path
    says: str
    """What it is, in words."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen."""

    found: tuple[Recognised, ...]
    """At most one of each kind: the nearest, and of a numbered row the last."""
    others: tuple[Recognised, ...]
    """More of the same kinds, which were left alone."""
    unusable: tuple[SpecshipError, ...]
    """What is of a known kind and cannot be read, or of one that has to be converted first."""
    links: tuple[str, ...]
    """Names of links, which are not followed."""
    cut: bool
    """Whether there was more than is looked at."""


def look(*paths: Path, told: Told | None = None) -> Sight:
    """Everything of a known kind at some paths or below them; nothing is changed, and no code of it is run.

    `told` says what no file of it says, such as which column holds the loss.

    Raises:
        UnusableInput: there is nothing at a path.
    """
    for path in paths:
        if not path.exists():
            raise UnusableInput(
                "no such file or folder", at=path, mend="name a run, a checkpoint, a GGUF or a folder"
            )
        if not (path.is_file() or path.is_dir()):
            raise UnusableInput(
                "neither a file nor a folder, but a pipe, a socket or a device",
                at=path,
                why="what comes out of it once is gone, and no digest binds evidence to it",
                mend="write what it gives into a file, and name that",
            )
    links: list[str] = []
    places = list(dict.fromkeys(place for path in paths for place in _below(path, links)))
    seen = _Sorting(told or {})
    kinds = all_kinds().values()
    seen.go_through(places[:_MOST], [kind for kind in kinds if kind.files is not None])
    seen.go_through(places[:_MOST], [kind for kind in kinds if kind.files is None])
    found = sorted(seen.found.values(), key=lambda one: places.index(one.path))
    for place in places[:_MOST]:
        if _may_be_a_model(place) and (other := other_kind(place)) is not None:
            seen.unusable.setdefault(str(other), other)
    return Sight(tuple(found), tuple(seen.others), seen.to_tell, tuple(links), len(places) > _MOST)


class _Sorting:
    """What was seen so far."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._claimed: set[str] = set()
        """Files that belong to what was found."""
        self.found: dict[str, Recognised] = {}
        self.others: list[Recognised] = []
        self.unusable: dict[str, SpecshipError] = {}

    def go_through(self, places: Sequence[Path], kinds: Sequence[AdoptedKind]) -> None:
        """Ask each kind for each place, the nearest first."""
        for place in places:
            for kind in kinds:
                if str(place) in self._claimed:
                    continue
                try:
                    says = kind.recognise(place, told_to(kind, self._told))
                except SpecshipError as error:
                    self.unusable.setdefault(str(error), error)
                    continue
                except OSError as error:  # it is gone meanwhile, or its file system refuses
                    unreadable = UnusableInput(f"cannot read: {error.strerror}", at=place)
                    self.unusable.setdefault(str(unreadable), unreadable)
                    continue
                if says:
                    self._take(Recognised(kind, place, says))

    def _take(self, one: Recognised) -> None:
        if one.kind.files is not None:
            self._claimed |= {str(one.path), *map(str, one.kind.files(one.path))}
        if one.kind.name not in self.found:
            self.found[one.kind.name] = one
        elif not any(one.path.is_relative_to(known.path) for known in self.found.values()):
            self.others.append(one)

    @property
    def to_tell(self) -> tuple[SpecshipError, ...]:
        """What cannot be read, but for files that belong to something that can."""
        return tuple(
            error
            for error in self.unusable.values()
            if error.at is None or error.at.path not in self._claimed
        )


def _may_be_a_model(path: Path) -> bool:
    """Whether a file, or one directly in a folder, is called as those of models are."""
    try:
        names = [entry.name for entry in path.iterdir()] if path.is_dir() else [path.name]
    except OSError:
        return False
    return any(name.lower().endswith(_OF_MODELS) for name in names)


def _below(path: Path, links: list[str]) -> Iterator[Path]:
    """The path, then what lies in it, level by level; links are not followed, and named in `links`."""
    yield path
    level = [path] if path.is_dir() else []
    for _ in range(_DEPTH):
        entries = [entry for folder in level for entry in _entries(folder, links)]
        yield from entries
        level = [entry for entry in entries if entry.is_dir()]


def _entries(folder: Path, links: list[str]) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            seen = [entry for entry in entries if _is_looked_at(entry)]
            links += [entry.name for entry in seen if entry.is_symlink()]
            kept = [Path(entry.path) for entry in seen if not entry.is_symlink()]
    except OSError:
        return []
    return sorted(kept, key=_last_first)


def _is_looked_at(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith(".") or entry.name in _LEFT_ALONE
    return not hidden and not (entry.is_dir() and (Path(entry.path) / "pyvenv.cfg").exists())


def _last_first(path: Path) -> tuple[str, int, str]:
    """`checkpoint-1000` before `checkpoint-200`: what is named alike stands by its number, highest first."""
    row, number = row_of(path)
    return row, -number, path.name
