"""Where an imported checkpoint came from: `provenance.json`, written when it is taken over.

source    in words, such as the name of a repository and its revision
licence   as the source's own card names it; empty when it names none
files     sha256 of every file of the source
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from specship.digests import sha256_file
from specship.errors import DamagedArtifact
from specship.files import write_json
from specship.pipeline.corpus.licences import licence_expression, licences_of
from specship.pipeline.corpus.manifest import read_manifest
from specship.pipeline.publication.model_card import CARD, card_licence
from specship.records import Record, Sha256, read_record

PROVENANCE: Final = "provenance.json"


class Provenance(Record):
    """The record of one import."""

    format: Literal["specship-provenance/1"] = "specship-provenance/1"
    source: str
    licence: str
    files: Mapping[str, Sha256]


def describe_source(folder: Path, source: str) -> Provenance:
    """What there is to say about a folder before it is taken over."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return Provenance(
        source=source,
        licence=_licence_on_card(folder / CARD),
        files={name: sha256_file(folder / name) for name in names},
    )


def _licence_on_card(path: Path) -> str:
    """Empty where there is no card, or none that names a licence: the gate about it says so."""
    try:
        return card_licence(path)
    except DamagedArtifact:
        return ""


def write_provenance(folder: Path, provenance: Provenance) -> None:
    """Put the record beside the weights.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    write_json(folder / PROVENANCE, provenance.model_dump(mode="json"))


def read_provenance(folder: Path) -> Provenance | None:
    """The record of a checkpoint folder; None for one that was not imported.

    Raises:
        DamagedArtifact: it is malformed.
    """
    path = folder / PROVENANCE
    if not path.exists():
        return None
    return read_record(Provenance, path, mend="import the checkpoint again")


@dataclass(frozen=True, slots=True)
class Origin:
    """What an export says of where a model comes from."""

    licence: str
    """SPDX expression; empty where nobody named one."""
    datasets: tuple[str, ...] = ()
    """What it was trained on, where it was trained here."""
    base_model: str = ""
    """What it was taken over from, where it was not."""


def origin_of(checkpoint: Path, corpus: Path) -> Origin:
    """Licence and origin: of the source of an imported checkpoint, of the training text of another one.

    Raises:
        DamagedArtifact: the records cannot be read.
    """
    provenance = read_provenance(checkpoint)
    if provenance is not None:
        return Origin(licence=provenance.licence, base_model=provenance.source)
    return Origin(licence_expression(licences_of(corpus)), datasets=(read_manifest(corpus).source.label,))
