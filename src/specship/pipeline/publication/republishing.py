"""Republication: the publish folder of a model that was taken over, the quantized file beside the exact."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specship.errors import UnusableInput
from specship.files import write_file
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.folder_manifest import CHECKPOINT_MANIFEST
from specship.pipeline.publication.checkpoint_provenance import PROVENANCE, read_provenance
from specship.pipeline.publication.imported_card import imported_card
from specship.pipeline.publication.model_card import CARD
from specship.pipeline.publication.publish_manifest import copied, list_file, write_publish_manifest
from specship.pipeline.stage import Settings, Work


class RepublicationSettings(Settings):
    """How it is called."""

    name: str
    """Name of the published model."""


def republish(work: Work) -> None:
    """Copy every tested file, describe and list.

    Raises:
        UnusableInput: nothing says where the checkpoint came from.
        CannotWrite: the disk is full or refuses.
    """
    settings: RepublicationSettings = work.settings["republication"]
    checkpoint, output = work.inputs["checkpoint"], work.output
    provenance = read_provenance(checkpoint)
    if provenance is None:
        raise UnusableInput(
            f"there is no {PROVENANCE}, which says whose weights these are, and under which licence",
            at=checkpoint,
            why="nobody may use weights without knowing that",
            mend="publish a checkpoint that was imported",
        )  # fmt: skip
    tested = list(_tested(work))
    entries = [
        copied(
            output, source, source.name, licence=provenance.licence, provenance=f"{artifact}/{source.name}"
        )
        for artifact, source in tested
    ]
    names = [source.name for _, source in tested]
    card = imported_card(settings.name, open_any_checkpoint(checkpoint), provenance, names)
    write_file(output / CARD, card)
    entries.append(list_file(output, CARD, licence=provenance.licence, provenance="checkpoint"))
    write_publish_manifest(output, entries)
    work.report(1, 1, "folders", files=len(entries))


def _tested(work: Work) -> Iterator[tuple[str, Path]]:
    """Artifact and path of every file that evidence is about; the checkpoint's manifest gives way to ours."""
    for artifact in ("checkpoint", "gguf", "quantized"):
        for path in sorted(work.inputs[artifact].iterdir()):
            if path.name != CHECKPOINT_MANIFEST:
                yield artifact, path
