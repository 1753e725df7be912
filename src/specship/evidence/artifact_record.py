"""What an artifact is: its files, and everything that it was made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.contracts.records import Frozen
from specship.digests import digest_of, sha256_file
from specship.errors import DamagedArtifact

KEY_LENGTH: Final = 16


class FileRecord(Frozen):
    """One file of an artifact."""

    name: str
    bytes: int
    sha256: str


class Ingredients(Frozen):
    """Everything an artifact was made from; when one differs, it is made again."""

    settings: dict[str, Any]
    inputs: dict[str, str]
    code: str
    packages: dict[str, str]
    outside: str = ""
    """Digest of what the stage reads beside artifacts."""
    fault: str = ""
    """Digest of the defect that was planted in it; empty in everything that counts."""

    @property
    def key(self) -> str:
        """Name of the folder."""
        return digest_of(self.model_dump(mode="json"))[:KEY_LENGTH]

    def key_from(self, inputs: Mapping[str, str]) -> str:
        """The key with other values for the inputs: their own keys, so that no bytes that were made count."""
        return digest_of({**self.model_dump(mode="json"), "inputs": dict(inputs)})[:KEY_LENGTH]

    def difference(self, other: Ingredients) -> str:
        """In words, what differs from an earlier making."""
        found = [
            f"{kind} {name}: {mine.get(name, 'absent')} was {theirs.get(name, 'absent')}"
            for kind, mine, theirs in (
                ("setting", _flat(self.settings), _flat(other.settings)),
                ("package", self.packages, other.packages),
            )
            for name in sorted(mine.keys() | theirs.keys())
            if mine.get(name) != theirs.get(name)
        ]
        found += [f"{name} is another" for name in self.inputs if self.inputs[name] != other.inputs.get(name)]
        if self.outside != other.outside:
            found.append("the files it is made from changed")
        if self.fault != other.fault:
            found.append("the planted fault changed")
        if self.code != other.code:
            found.append("the stage's code changed")
        return "; ".join(found)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


class ArtifactRecord(Frozen):
    """The manifest of one artifact."""

    makes: str
    ingredients: Ingredients
    files: tuple[FileRecord, ...]
    digest: str
    finished: str
    """When it was made, ISO 8601."""
    seconds: float


def list_files(folder: Path) -> tuple[FileRecord, ...]:
    """Every file below a folder with its size and sha256, by name.

    Raises:
        DamagedArtifact: a symbolic link, something that is no regular file, or one that cannot be read.
    """
    try:
        return tuple(_files(folder))
    except OSError as error:
        raise DamagedArtifact(
            f"it cannot be read: {error.strerror}", at=error.filename or folder,
            mend="look after the disk and the rights of the file; what cannot be read is made again",
        ) from error  # fmt: skip


def _files(folder: Path) -> Iterator[FileRecord]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise DamagedArtifact("an artifact holds plain files and folders only", at=path)
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield FileRecord(name=name, bytes=path.stat().st_size, sha256=sha256_file(path))


def artifact_digest(makes: str, files: tuple[FileRecord, ...], inputs: Mapping[str, str]) -> str:
    """Digest of an artifact: its files and its line of descent."""
    return digest_of({"makes": makes, "files": [file.model_dump() for file in files], "inputs": dict(inputs)})
