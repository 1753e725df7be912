"""Read back: every published file fetched over HTTP, as whoever downloads the model gets it.

Without an address the folder is served on this machine's loopback interface, which shows that what a
plain web server hands out is what was published; with one, the release is asked itself.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from specship.files import write_json
from specship.pipeline.publication.publish_manifest import MANIFEST, read_publish_manifest
from specship.pipeline.stage import Settings, Stage, Work


class ReadbackSettings(Settings):
    """Where it is read from."""

    address: Annotated[str, Field(pattern=r"^https?://[^\s]+/$")] | None = None
    """Of the published folder, with a slash at its end; null serves the folder here first."""


STAGE = Stage(
    makes="readback",
    lifecycle="publish",
    needs=("publication",),
    settings={"readback": ReadbackSettings},
)


def run(work: Work) -> None:
    """Fetch and hash.

    Raises:
        RequirementMissing: the address does not answer.
        StageFailed: it answers with something else than the file.
    """
    from specship.pipeline.publication.fetching import fetch, served

    folder, address = work.inputs["publication"], work.settings["readback"].address
    names = [MANIFEST, *(entry.name for entry in read_publish_manifest(folder))]
    found = []
    with served(folder, address) as base:
        for done, name in enumerate(names):
            got = fetch(base, name)
            found.append({"name": name, "bytes": got.bytes, "sha256": got.sha256})
            work.report(done + 1, len(names), "files")
    where = address or "loopback"
    write_json(
        work.output / "readback.json", {"format": "specship-readback/1", "from": where, "files": found}
    )
