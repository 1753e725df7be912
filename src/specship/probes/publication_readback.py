"""What was fetched over HTTP, against the published files and against the artifacts that were tested."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from specship.digests import sha256_file
from specship.pipeline.checkpoint.folder_manifest import CHECKPOINT_MANIFEST
from specship.pipeline.publication.publish_manifest import verify
from specship.probes.probe import Artifact, Figures, probe
from specship.records import Count, Record, read_record


class _File(Record):
    name: str
    bytes: Count
    sha256: str


class _Readback(Record):
    format: Literal["specship-readback/1"]
    where: Annotated[str, Field(alias="from")]
    files: list[_File]


@probe(
    "publication.readback",
    checked="files",
    files="files",
    differing="files",
    unread="files",
    unpublished="files",
    unlisted="files",
    tested_files="files",
    untested="files",
    where="text",
)
def publication_readback(
    checkpoint: Artifact, gguf: Artifact, quantized: Artifact, publication: Artifact, readback: Artifact
) -> Figures:
    """Every fetched file's sha256 and size, joined by name.

    `differing` came with other bytes than lie in the publish folder now, `unread` lie there and did not
    come, `unpublished` came and do not lie there, `unlisted` lie there and are in no manifest. `untested`
    counts files of checkpoint and GGUFs whose bytes did not come under their name. Raises DamagedArtifact.
    """
    what, mend = "not a record of what was read back", "read it back again"
    found = read_record(_Readback, readback.path / "readback.json", what=what, mend=mend)
    came = {file.name: (file.bytes, file.sha256) for file in found.files}
    there = {
        path.relative_to(publication.path).as_posix(): path
        for path in publication.path.rglob("*")
        if path.is_file()
    }
    differing = [name for name in sorted(came.keys() & there) if came[name] != _facts(there[name])]
    tested = _tested(checkpoint.path, gguf.path, quantized.path)
    untested = [name for name, path in tested.items() if came.get(name) != _facts(path)]
    unlisted = verify(publication.path).unlisted
    unread, unpublished = sorted(there.keys() - came.keys()), sorted(came.keys() - there.keys())
    return {
        "files": len(came),
        "differing": len(differing),
        "unread": len(unread),
        "unpublished": len(unpublished),
        "unlisted": len(unlisted),
        "tested_files": len(tested),
        "untested": len(untested),
        "where": found.where,
        "notes": [f"{name}: other bytes came" for name in differing]
        + [f"{name}: was not fetched" for name in unread]
        + [f"{name}: not the tested file" for name in untested],
    }


def _facts(path: Path) -> tuple[int, str]:
    return path.stat().st_size, sha256_file(path)


def _tested(*artifacts: Path) -> Mapping[str, Path]:
    """Every file that evidence is about by its name; a checkpoint's own manifest is not published."""
    return {
        path.name: path
        for folder in artifacts
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name != CHECKPOINT_MANIFEST
    }
