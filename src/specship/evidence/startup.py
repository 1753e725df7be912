"""What Python reads before a program begins, and whether specship is what its installation wrote."""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.metadata
import site
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from specship.digests import sha256_bytes

_CUSTOM: Final = ("sitecustomize", "usercustomize")
_DIGITS: Final = 16


@functools.cache
def startup_files() -> dict[str, str]:
    """Files that Python reads at its start and that no distribution records, and what comes of each here.

    A process that measures runs none of their code (`isolated_start`); folders that they name are looked into
    for modules, after all that is installed.
    """
    return dict(sorted(_startup(Path(folder) for folder in site.getsitepackages())))


def _startup(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for folder in folders:
        recorded: set[str] | None = None
        for path in (*folder.glob("*.pth"), *(folder / f"{name}.py" for name in _CUSTOM)):
            if not path.is_file():
                continue
            recorded = recorded_names(folder) if recorded is None else recorded
            if path.name not in recorded:
                data = path.read_bytes()
                yield path.name, f"{_effect(path, data)} (sha256 {sha256_bytes(data)[:_DIGITS]})"


def recorded_names(folder: Path) -> set[str]:
    """Names of the files directly in a folder that its distributions record."""
    found = set()
    for record in folder.glob("*.dist-info/RECORD"):
        for line in record.read_bytes().splitlines():
            name = line.partition(b",")[0]
            if b"/" not in name:
                found.add(name.decode(errors="replace"))
    return found


def _effect(path: Path, data: bytes) -> str:
    """What comes of a file in a process that measures."""
    lines = [line.strip() for line in data.decode("utf-8-sig", "replace").splitlines()]
    told = [line for line in lines if line and not line.startswith(("#", "import ", "import\t"))]
    if path.suffix == ".py" or not told:
        return "passed over"
    return f"{len(told)} more {'folder' if len(told) == 1 else 'folders'} of modules"


@functools.cache
def altered_files() -> tuple[str, ...]:
    """Installed files of specship that its installation did not write; an editable install records none."""
    try:
        files = importlib.metadata.distribution("specship").files or ()
    except importlib.metadata.PackageNotFoundError:
        return ()
    altered = []
    for file in files:
        path = Path(str(file.locate()))
        if file.hash is None or file.hash.mode != "sha256" or path.suffix != ".py":
            continue
        try:
            digest = hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            digest = b""
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
            altered.append(str(file))
    return tuple(sorted(altered))
