"""The manifest of a publish folder, and the check that the folder is what it says.

`manifest.json` names every other file with its size, sha256, licence and the artifact it came
from. A name is a plain relative path: nothing absolute, no `..`, no link, no device.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from specship.digests import sha256_file
from specship.errors import DamagedArtifact, UnusableInput
from specship.files import write_errors, write_json
from specship.strict_json import read_json

MANIFEST: Final = "manifest.json"
FORMAT: Final = "specship-publication/1"
_MEND: Final = "publish again from the tested artifacts; never patch a published folder"
_KEYS: Final = {"name", "bytes", "sha256", "licence", "provenance"}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a publication."""

    name: str
    """Relative to the folder, with forward slashes."""
    bytes: int
    sha256: str
    licence: str
    """SPDX expression."""
    provenance: str
    """The artifact the bytes came from, and the file in it: `checkpoint/model.safetensors`."""


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
    return PublishedFile(name, path.stat().st_size, sha256_file(path), licence, provenance)


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
    entries = [asdict(entry) for entry in sorted(files, key=lambda entry: entry.name)]
    write_json(folder / MANIFEST, {"format": FORMAT, "files": entries})


def read_publish_manifest(folder: Path) -> tuple[PublishedFile, ...]:
    """The entries of a manifest.

    Raises:
        DamagedArtifact: missing, malformed, without files, a name given twice, or one that leaves the folder.
    """
    path = folder / MANIFEST
    document = read_json(path)
    entries = document.get("files") if isinstance(document, dict) else None
    if not isinstance(entries, list) or document.get("format") != FORMAT:
        raise DamagedArtifact("not a publish manifest", at=path, mend=_MEND)
    if not entries:
        raise DamagedArtifact("it lists no file", at=path, why="nothing was published", mend=_MEND)
    files = tuple(_entry(entry, path) for entry in entries)
    if len({entry.name for entry in files}) != len(files):
        raise DamagedArtifact("a name stands in it twice", at=path, mend=_MEND)
    return files


def verify(folder: Path) -> Verification:
    """Hash every listed file again and look for files that are not listed.

    Raises:
        DamagedArtifact: the manifest cannot be used (see `read_publish_manifest`).
    """
    files = read_publish_manifest(folder)
    present, strange = _walk(folder)
    listed = {entry.name for entry in files}
    mismatched = [
        entry.name
        for entry in files
        if entry.name in present
        and (
            (folder / entry.name).stat().st_size != entry.bytes
            or sha256_file(folder / entry.name) != entry.sha256
        )
    ]
    return Verification(
        files=files,
        mismatched=tuple(mismatched),
        missing=tuple(sorted(listed - present)),
        unlisted=tuple(sorted((present - listed - {MANIFEST}) | strange)),
    )


def _entry(plain: Any, path: Path) -> PublishedFile:
    if not isinstance(plain, dict) or plain.keys() != _KEYS:
        raise DamagedArtifact(f"a file has exactly {sorted(_KEYS)}", at=path, mend=_MEND)
    texts = [plain[key] for key in ("name", "sha256", "licence", "provenance")]
    if not all(isinstance(text, str) and text for text in texts) or type(plain["bytes"]) is not int:
        raise DamagedArtifact(f"the entry of {str(plain['name'])[:80]!r} is malformed", at=path, mend=_MEND)
    name = plain["name"]
    pure = PurePosixPath(name)
    if (
        pure.is_absolute()
        or ".." in pure.parts
        or str(pure) != name
        or "\\" in name
        or not name.isprintable()
        or name == MANIFEST
    ):
        raise DamagedArtifact(
            f"{name!r} is not a plain name inside the folder",
            at=path,
            why="a manifest must not make its reader open files elsewhere",
            mend=_MEND,
        )
    return PublishedFile(**plain)


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
