"""Licences: of every document, of the card, of the GGUF and of the manifest, all joined to the data."""

from __future__ import annotations

from specship.pipeline.corpus.licences import is_allowed, is_known, licence_expression
from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.publication.model_card import card_licence
from specship.pipeline.publication.publish_manifest import read_publish_manifest
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json_lines


@probe(
    "publication.provenance",
    checked="documents",
    documents="documents",
    unknown_licences="documents",
    refused_licences="documents",
    unpublished="documents",
    data_licence="text",
    card_agrees="text",
    gguf_agrees="text",
    files_disagreeing="files",
)
def publication_provenance(corpus: Artifact, publication: Artifact) -> Figures:
    """Licences are counted document by document, never taken from a summary.

    `unpublished` counts documents of the corpus that the published list lacks, gives otherwise, or
    has without being in the corpus. Raises DamagedArtifact.
    """
    documents = {
        (split, document.path, document.sha256, document.licence)
        for split in ("train", "heldout")
        for document in read_documents(corpus.path, split)
    }
    published = {
        tuple(str(entry.get(key)) for key in ("split", "path", "sha256", "licence"))
        for _, entry in read_json_lines(publication.path / "data-provenance.jsonl")
        if isinstance(entry, dict)
    }
    expression = licence_expression(licence for *_, licence in documents)
    files = [entry for entry in read_publish_manifest(publication.path) if entry.licence != expression]
    on_card = card_licence(publication.path / "README.md")
    in_gguf = read_gguf(publication.path / "model.gguf").metadata.get("general.license", "")
    unknown = [entry for entry in documents if not is_known(entry[3])]
    refused = [entry for entry in documents if is_known(entry[3]) and not is_allowed(entry[3])]
    return {
        "documents": len(documents),
        "unknown_licences": len(unknown),
        "refused_licences": len(refused),
        "unpublished": len(documents ^ published),
        "data_licence": expression,
        "card_agrees": "yes" if on_card == expression else "no",
        "gguf_agrees": "yes" if in_gguf == expression else "no",
        "files_disagreeing": len(files),
        "notes": [f"{path}: licence {licence!r}" for _, path, _, licence in sorted(unknown + refused)[:5]]
        + [f"the data are {expression!r}, the card says {on_card!r}, the GGUF {in_gguf!r}"],
    }
