"""The manifest of a publish folder, and the check that the folder is what it says.

`manifest.json` names every other file with its size, sha256, licence and the artifact it came
from. A name is a plain relative path: nothing absolute, no `..`, no link, no device.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from specship.digests import sha256_file
from specship.errors import UnusableInput
from specship.files import write_errors, write_json
from specship.pipeline.progress import Progress
from specship.records import Count, Record, Sha256, read_record

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "model.sig"
"""Of the whole folder, manifest included; it is there once somebody signed it."""
_MEND: Final = "publish again from the tested artifacts; never patch a published folder"


def plain_name(name: str) -> str:
    """The name itself, where it is a plain relative path.

    Raises:
        ValueError: it could lead a reader out of the folder.
    """
    pure = PurePosixPath(name)
    leaves = pure.is_absolute() or ".." in pure.parts or str(pure) != name or "\\" in name
    if leaves or not name.isprintable():
        raise ValueError(f"{name[:80]!r} is no plain name in the folder, and no reader may be led elsewhere")
    return name


def _listed_name(name: str) -> str:
    if name in {MANIFEST, SIGNATURE}:
        raise ValueError(f"{name} lists or signs the others, and stands in no list")
    return plain_name(name)


class PublishedFile(Record):
    """One file of a publication."""

    name: Annotated[str, AfterValidator(_listed_name)]
    """Relative to the folder, with forward slashes; none that makes its reader open files elsewhere."""
    bytes: Count
    sha256: Sha256
    licence: Annotated[str, Field(min_length=1)]
    """SPDX expression."""
    provenance: Annotated[str, Field(min_length=1)]
    """The artifact the bytes came from, and the file in it: `checkpoint/model.safetensors`."""


class PublishManifest(Record):
    """Every other file of a publish folder."""

    format: Literal["specship-publication/1"] = "specship-publication/1"
    files: Annotated[list[PublishedFile], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_each_file_once(self) -> Self:
        if len({entry.name for entry in self.files}) != len(self.files):
            raise ValueError("a name stands in it twice")
        return self


@dataclass(frozen=True, slots=True)
class Verification:
    """What a manifest and its folder have to say of each other."""

    files: tuple[PublishedFile, ...]
    mismatched: tuple[str, ...]
    """Listed files whose size or bytes differ."""
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    """On the disk and not listed; links, devices and the like are always among them."""

    @property
    def sound(self) -> bool:
        """Whether there are files and every one of them is as listed."""
        return bool(self.files) and not (self.mismatched or self.missing or self.unlisted)


def list_file(folder: Path, name: str, *, licence: str, provenance: str) -> PublishedFile:
    """The entry of a file that lies in the folder."""
    path = folder / name
    size, digest = path.stat().st_size, sha256_file(path)
    return PublishedFile(name=name, bytes=size, sha256=digest, licence=licence, provenance=provenance)


def copied(folder: Path, source: Path, name: str, *, licence: str, provenance: str) -> PublishedFile:
    """Copy a tested file into the folder; its entry.

    Raises:
        UnusableInput: it is not there, or no plain file.
        CannotWrite: the disk is full or refuses.
    """
    if source.is_symlink() or not source.is_file():
        raise UnusableInput(
            f"{name} is missing",
            at=source,
            why="a model without its licence, tokenizer or configuration cannot be used by anybody",
            mend="make the artifact again",
        )
    with write_errors(folder / name):
        shutil.copyfile(source, folder / name)
    return list_file(folder, name, licence=licence, provenance=provenance)


def write_publish_manifest(folder: Path, files: Iterable[PublishedFile]) -> None:
    """Write the manifest, in the order of names.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    manifest = PublishManifest(files=sorted(files, key=lambda entry: entry.name))
    write_json(folder / MANIFEST, manifest.model_dump())


def read_publish_manifest(folder: Path) -> tuple[PublishedFile, ...]:
    """The entries of a manifest.

    Raises:
        DamagedArtifact: missing, malformed, without files, a name given twice, or one that leaves the folder.
    """
    what = "not a publish manifest"
    return tuple(read_record(PublishManifest, folder / MANIFEST, what=what, mend=_MEND).files)


def verify(folder: Path, report: Progress | None = None) -> Verification:
    """Hash every listed file again and look for files that are not listed.

    Units: `report` is told megabytes.

    Raises:
        DamagedArtifact: the manifest cannot be used (see `read_publish_manifest`).
    """
    files = read_publish_manifest(folder)
    present, strange = _walk(folder)
    listed = {entry.name for entry in files}
    mismatched, done, total = [], 0, sum(entry.bytes for entry in files)
    for entry in files:
        path = folder / entry.name
        if entry.name in present and (
            path.stat().st_size != entry.bytes or sha256_file(path) != entry.sha256
        ):
            mismatched.append(entry.name)
        done += entry.bytes
        if report is not None:
            report(done / 1e6, total / 1e6, "MB")
    return Verification(
        files=files,
        mismatched=tuple(mismatched),
        missing=tuple(sorted(listed - present)),
        unlisted=tuple(sorted((present - listed - {MANIFEST, SIGNATURE}) | strange)),
    )


def files_of(folder: Path) -> frozenset[str]:
    """Every file below a folder by name, whatever it is."""
    present, strange = _walk(folder)
    return frozenset(present | strange)


def _walk(folder: Path) -> tuple[set[str], set[str]]:
    """Regular files of a folder by name, and everything else that is neither file nor plain folder."""
    present, strange = set(), set()
    for base, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(base) / name
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                present.add(path.relative_to(folder).as_posix())
            elif not stat.S_ISDIR(mode):
                strange.add(path.relative_to(folder).as_posix())
    return present, strange
