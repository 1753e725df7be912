"""A manifest of sha256 sums: a folder counts only while every file still has its bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from specship.digests import sha256_file
from specship.errors import DamagedArtifact
from specship.files import write_json
from specship.strict_json import read_json

CHECKPOINT_MANIFEST: Final = "manifest.json"
_FORMAT: Final = "specship-folder/1"


def _files_of(folder: Path) -> list[str]:
    found = []
    for base, _, names in os.walk(folder):
        found += [(Path(base) / name).relative_to(folder).as_posix() for name in names]
    return sorted(name for name in found if name != CHECKPOINT_MANIFEST)


def write_manifest(folder: Path) -> None:
    """Name every file of a finished folder with its sha256 and size in bytes.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    files = {
        name: {"sha256": sha256_file(folder / name), "bytes": (folder / name).stat().st_size}
        for name in _files_of(folder)
    }
    write_json(folder / CHECKPOINT_MANIFEST, {"format": _FORMAT, "files": files})


def verify_manifest(folder: Path) -> int:
    """Compare every file with the manifest; returns how many were compared.

    Raises:
        DamagedArtifact: the manifest is missing or malformed, or a file is missing, is not listed
            or differs; the error names the file, what was expected and what was found.
    """
    path = folder / CHECKPOINT_MANIFEST
    document = read_json(path)
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, dict) or not files or document.get("format") != _FORMAT:
        raise DamagedArtifact("not a manifest of this folder", at=path, mend="make the artifact again")
    present = set(_files_of(folder))
    for name in sorted(present ^ files.keys()):
        raise DamagedArtifact(
            "the file is listed and missing" if name in files else "the file is present and not listed",
            at=folder / name,
            mend="make the artifact again",
        )
    for name, entry in files.items():
        expected = str(entry.get("sha256")) if isinstance(entry, dict) else "no digest"
        if (folder / name).is_symlink() or (got := sha256_file(folder / name)) != expected:
            raise DamagedArtifact(
                f"the bytes changed: sha256 {got if not (folder / name).is_symlink() else 'of a link'}, "
                f"expected {expected}",
                at=folder / name,
                why="the manifest was written with these files, before the folder got its name",
                mend="make the artifact again",
            )
    return len(files)
