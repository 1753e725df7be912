"""Artifacts for code that is not ours: private copies under one path, alike whatever is measured and why.

    .specship/measuring/TOKEN/at/NAME     what a probe is given, while it measures
                             kept/DIGEST  the same folder before and after, for the next probe
                             code         the files that the probe's digest covers, and no others

A probe that sees in its path, in a link count or in a date whether a fault was planted could fail there and
pass elsewhere. So it gets plain files of one date, under a path that names no profile, model or fault.
A copy is made once for a judge's process, shares its blocks with the artifact where the file system can do
that, is hashed when it is made and again after each measurement, and is renamed into place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from specship.errors import DamagedArtifact
from specship.evidence.artifact_record import ArtifactRecord, artifact_digest, list_files
from specship.files import write_errors

_HOME: Final = ".specship/measuring"
_CLONE: Final = 0x40049409
"""FICLONE of linux/fs.h: the blocks of another file, shared until one of them is written."""


Artifacts = Mapping[str, tuple[Path, ArtifactRecord]]
"""Where an artifact lies, and its manifest, by its name."""


@dataclass(slots=True)
class PrivateCopies:
    """The copies of one judge's process."""

    root: Path
    """The project."""
    _folder: Path | None = None
    _lock: IO[bytes] | None = None
    _kept: dict[str, Path] = field(default_factory=dict)
    """By the digest of the artifact."""

    def lay_out(self, artifacts: Artifacts) -> Path:
        """The folder in which a copy of each artifact lies under its name, until it is taken back.

        Raises:
            DamagedArtifact: an artifact is not what its manifest says.
            CannotWrite: the disk is full or refuses.
        """
        at = self._opened() / "at"
        kept = {name: self._copy(*given) for name, given in artifacts.items()}
        with write_errors(at):
            shutil.rmtree(at, ignore_errors=True)
            at.mkdir()
            for name, copy in kept.items():
                copy.rename(at / name)
        return at

    def scratch(self) -> Path:
        """An empty folder to write into."""
        folder = self._opened() / "scratch"
        with write_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        return folder

    def code(self, files: Mapping[str, Path]) -> Path:
        """A folder with copies of the files that a probe comes with, by their place in it."""
        folder = self._opened() / "code"
        with write_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name, path in files.items():
                place = folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)
                os.utime(place, (0, 0))
        return folder

    def take_back(self, artifacts: Artifacts) -> tuple[str, ...]:
        """Keep the copies for the next probe; names of those that are no longer what they were."""
        at, changed = self._opened() / "at", []
        for name, (_, record) in artifacts.items():
            if _intact(at / name, record):
                (at / name).rename(self._kept[record.digest])
            else:
                changed.append(name)
                del self._kept[record.digest]
        return tuple(changed)

    def _copy(self, source: Path, record: ArtifactRecord) -> Path:
        if record.digest not in self._kept:
            target = self._opened() / "kept" / record.digest
            with write_errors(target):
                shutil.rmtree(target, ignore_errors=True)
                for file in record.files:
                    place = target / file.name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    _clone(source / file.name, place)
                    place.chmod(0o444)
                    os.utime(place, (0, 0))
            if not _intact(target, record):
                raise DamagedArtifact(f"the artifact {record.makes} is not what its manifest says", at=source)
            self._kept[record.digest] = target
        return self._kept[record.digest]

    def _opened(self) -> Path:
        """The folder of this process, locked while it lives; what dead processes left is taken away."""
        if self._folder is None:
            home = self.root / _HOME
            with write_errors(home):
                home.mkdir(parents=True, exist_ok=True)
                for other in home.iterdir():
                    _sweep(other)
                self._folder = home / os.urandom(8).hex()
                self._folder.mkdir()
                self._lock = (self._folder / ".new").open("wb")
                fcntl.flock(self._lock, fcntl.LOCK_EX)  # before anybody can see it
                (self._folder / ".new").rename(self._folder / ".lock")
                (self._folder / "kept").mkdir()
        return self._folder

    def close(self) -> None:
        """Take the copies away."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()
        self._folder = self._lock = None
        self._kept = {}


def _intact(copy: Path, record: ArtifactRecord) -> bool:
    """Whether a copy has exactly the bytes of the artifact, hashed now."""
    try:
        files = list_files(copy)
    except (OSError, DamagedArtifact):
        return False
    return artifact_digest(record.makes, files, record.ingredients.inputs) == record.digest


def _clone(source: Path, target: Path) -> None:
    with source.open("rb") as given, target.open("xb") as made, contextlib.suppress(OSError):
        fcntl.ioctl(made, _CLONE, given.fileno())
        return
    shutil.copyfile(source, target)


def _sweep(folder: Path) -> None:
    """Take away what a process left that no longer lives."""
    with contextlib.suppress(OSError), (folder / ".lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
