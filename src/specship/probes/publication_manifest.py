"""The publish folder against its manifest, and against the artifacts that were tested."""

from __future__ import annotations

from pathlib import Path

from specship.digests import sha256_file
from specship.pipeline.checkpoint.weight_files import TOKENIZER, WEIGHTS
from specship.pipeline.publication.publish_manifest import verify
from specship.probes.probe import Artifact, Figures, probe

_GGUF = "model.gguf"


@probe(
    "publication.manifest",
    checked="files",
    files="files",
    mismatched="files",
    missing="files",
    unlisted="files",
    incomplete="files",
    tested_files="files",
    untested="files",
)
def publication_manifest(
    checkpoint: Artifact, tokenizer: Artifact, gguf: Artifact, publication: Artifact
) -> Figures:
    """Every listed file is hashed again.

    `incomplete` counts files that a user needs and that are not listed (weights, configuration,
    tokenizer, GGUF, card, licence, provenance); `untested` those of weights, configuration,
    tokenizer and GGUF whose bytes are not the tested artifacts'. Raises DamagedArtifact.
    """
    found = verify(publication.path)
    listed = {entry.name: entry.sha256 for entry in found.files}
    tested = {
        WEIGHTS: checkpoint.path / WEIGHTS,
        "config.json": checkpoint.path / "config.json",
        TOKENIZER: tokenizer.path / TOKENIZER,
        _GGUF: gguf.path / _GGUF,
    }
    needed = {*tested, "README.md", "LICENCE.txt", "data-provenance.jsonl"}
    other = [name for name, path in tested.items() if listed.get(name) != _digest(path)]
    return {
        "files": len(found.files),
        "mismatched": len(found.mismatched),
        "missing": len(found.missing),
        "unlisted": len(found.unlisted),
        "incomplete": len(needed - listed.keys()),
        "tested_files": len(tested),
        "untested": len(other),
        "notes": [
            *(f"{name}: bytes differ from the manifest" for name in found.mismatched),
            *(f"{name}: listed and missing" for name in found.missing),
            *(f"{name}: not listed" for name in found.unlisted),
            *(f"{name}: needed and not listed" for name in sorted(needed - listed.keys())),
            *(f"{name}: not the tested file" for name in other),
        ],
    }


def _digest(path: Path) -> str:
    return sha256_file(path) if path.is_file() else "not there"
