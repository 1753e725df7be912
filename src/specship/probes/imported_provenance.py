"""Licence and origin of a model that was taken over: said everywhere, and everywhere the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.importing import METADATA
from specship.pipeline.corpus.licences import is_allowed, is_known, licence_expression, licences_of
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.publication.checkpoint_provenance import PROVENANCE, Provenance, read_provenance
from specship.pipeline.publication.model_card import CARD, LICENSE, card_licence
from specship.pipeline.publication.publish_manifest import read_publish_manifest
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_LICENCE_KEY: Final = "general.license"
_ORIGIN_KEY: Final = "general.base_model.0.name"


@probe(
    "imported.provenance",
    checked="source_files",
    source_files="files",
    unlisted_weights="files",
    source="text",
    licence="text",
    licence_known="text",
    licence_allowed="text",
    licence_text="text",
    disagreeing="files",
    without_origin="files",
    data_licence="text",
    data_agrees="text",
)
def imported_provenance(
    checkpoint: Artifact, gguf: Artifact, quantized: Artifact, publication: Artifact, corpus: Artifact
) -> Figures:
    """`licence` is what the source's own card named when it was taken over.

    `unlisted_weights` are weight files that were read and are not among the source's files with that
    sha256. `disagreeing` counts files that name another licence: card, both GGUFs, manifest entries.
    `without_origin` counts those of both GGUFs, and of the published provenance, that do not name the
    source. `data_agrees` compares with the licences of the corpus, document by document, which says
    something where the model was trained on it. Raises DamagedArtifact.
    """
    provenance = _provenance(checkpoint.path)
    licence, source = provenance.licence, provenance.source
    ggufs = {
        path: read_gguf(path).metadata
        for path in (gguf.path / "model.gguf", quantized.path / "quantized.gguf")
    }
    named = {CARD: card_licence(publication.path / CARD)}
    named |= {path.name: str(metadata.get(_LICENCE_KEY, "")) for path, metadata in ggufs.items()}
    disagreeing = [name for name, said in named.items() if said != licence]
    disagreeing += [
        entry.name for entry in read_publish_manifest(publication.path) if entry.licence != licence
    ]
    published = _provenance(publication.path)
    silent = [path.name for path, metadata in ggufs.items() if metadata.get(_ORIGIN_KEY) != source]
    silent += [PROVENANCE] if published != provenance else []
    unlisted = sorted(set(_weights(checkpoint.path).items()) - set(provenance.files.items()))
    data = licence_expression(licences_of(corpus.path))
    return {
        "source_files": len(provenance.files),
        "unlisted_weights": len(unlisted),
        "source": source,
        "licence": licence,
        "licence_known": _yes(is_known(licence)),
        "licence_allowed": _yes(is_allowed(licence)),
        "licence_text": _yes((publication.path / LICENSE).is_file()),
        "disagreeing": len(disagreeing),
        "without_origin": len(silent),
        "data_licence": data,
        "data_agrees": _yes(data == licence),
        "notes": [f"{name}: names another licence than {licence!r}" for name in disagreeing[:5]]
        + [f"{name}: does not name {source!r}" for name in silent]
        + [f"{name}: not among the source's files" for name, _ in unlisted[:5]],
    }


def _provenance(folder: Path) -> Provenance:
    found = read_provenance(folder)
    if found is None:
        raise DamagedArtifact(
            "nothing says where it came from", at=folder / PROVENANCE, mend="import it again"
        )
    return found


def _weights(folder: Path) -> Mapping[str, str]:
    """The weight files that were read, each with its sha256 at that time."""
    path = folder / METADATA
    document = read_json(path)
    sources = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(sources, dict) or not sources:
        raise DamagedArtifact("it names no file that was read", at=path, mend="import it again")
    return {str(name): str(digest) for name, digest in sources.items()}


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
