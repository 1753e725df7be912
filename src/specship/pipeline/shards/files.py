"""Token shards as a distrustful reader sees them: the files themselves, whatever their manifest claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from specship.errors import DamagedArtifact
from specship.strict_json import read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ShardFiles:
    """A shards folder with its manifest as plain values."""

    folder: Path
    manifest: dict[str, Any]

    def number(self, key: str) -> int:
        """A whole number of the manifest.

        Raises:
            DamagedArtifact: it is missing or no whole number.
        """
        return _number(self.manifest, key, self.folder)

    def text(self, key: str) -> str:
        """A text of the manifest, empty when it is missing."""
        value = self.manifest.get(key)
        return value if isinstance(value, str) else ""

    def entries(self, split: str | None = None) -> list[dict[str, Any]]:
        """The shards of a split, or all, in the order of the manifest.

        Raises:
            DamagedArtifact: the list is malformed or names something outside the folder.
        """
        listed = self.manifest.get("shards")
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise DamagedArtifact("the manifest lists no shards", at=self.folder / "manifest.json")
        for entry in listed:
            name = entry.get("file")
            if not isinstance(name, str) or PurePosixPath(name).name != name:
                raise DamagedArtifact(f"no name of a shard: {name!r}", at=self.folder / "manifest.json")
        return [entry for entry in listed if split is None or entry.get("split") == split]

    def claimed(self, entry: dict[str, Any], key: str) -> int:
        """A whole number that the manifest claims about a shard."""
        return _number(entry, key, self.folder)

    def arrays(self, split: str | None = None) -> Iterator[tuple[str, NDArray[np.unsignedinteger]]]:
        """Name and tokens of each shard that exists and is not empty; surplus bytes are left out.

        Raises:
            DamagedArtifact: a shard is missing, or the type of its tokens is unknown.
        """
        import numpy as np

        if self.text("dtype") not in {"uint16", "uint32"}:
            raise DamagedArtifact(
                f"tokens of type {self.manifest.get('dtype')!r}", at=self.folder / "manifest.json"
            )
        dtype = np.dtype(self.text("dtype")).newbyteorder("<")
        for entry in self.entries(split):
            path = self.folder / entry["file"]
            if not path.is_file():
                raise DamagedArtifact("the shard is missing", at=path, mend="run the stage 'shards' again")
            if count := path.stat().st_size // dtype.itemsize:
                yield entry["file"], np.memmap(path, dtype=dtype, mode="r", shape=(count,))


def read_shard_files(folder: Path) -> ShardFiles:
    """The shards folder.

    Raises:
        DamagedArtifact: the manifest is missing or not a JSON object.
    """
    manifest = read_json(folder / "manifest.json")
    if not isinstance(manifest, dict):
        raise DamagedArtifact("not a JSON object", at=folder / "manifest.json")
    return ShardFiles(folder, manifest)


def _number(values: dict[str, Any], key: str, folder: Path) -> int:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DamagedArtifact(f"{key} is {value!r}, not a whole number", at=folder / "manifest.json")
    return value
