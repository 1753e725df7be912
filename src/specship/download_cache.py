"""Links inside the cache of a download, which are the only links that a reader here follows.

    models--OWNER--NAME/snapshots/REVISION/config.json -> ../../blobs/DIGEST

That is how the Hugging Face hub's own client lays out what it fetched. Such a link is followed where it ends
inside the same `models--` folder; any other link can lead anywhere, and its file can change behind its name.
Source: huggingface_hub, "Understand caching".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LINK_MEND = "copy the folder with its files: cp -rL FOLDER COPY"
_MODEL, _SNAPSHOTS = "models--", "snapshots"


def kept_file(link: Path) -> Path | None:
    """Where the link of a snapshot ends, inside the same cache folder; None for every other link."""
    try:
        folder, target = link.parent.resolve(), link.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # it ends nowhere, or in itself
        return None
    cache = cache_of(folder)
    return target if cache is not None and target.is_relative_to(cache) else None


def cache_of(folder: Path) -> Path | None:
    """The `models--` folder that a resolved folder is a snapshot of, or lies in a snapshot of."""
    for snapshots in (folder, *folder.parents):
        if snapshots.name == _SNAPSHOTS and snapshots.parent.name.startswith(_MODEL):
            return snapshots.parent
    return None


def leads_out(path: Path) -> bool:
    """Whether it is a link that is not followed."""
    return path.is_symlink() and kept_file(path) is None
