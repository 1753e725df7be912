"""Publication: the folder as it would be uploaded: the very files that were tested, card and manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship.digests import sha256_file
from specship.errors import UnusableInput
from specship.files import write_file
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.weight_files import TOKENIZER
from specship.pipeline.corpus.licences import licence_expression, licences_of
from specship.pipeline.corpus.manifest import LICENCE, read_documents, read_manifest
from specship.pipeline.publication.model_card import CARD, model_card
from specship.pipeline.publication.publish_manifest import copied, list_file, write_publish_manifest
from specship.pipeline.stage import Settings, Work

PROVENANCE: Final = "data-provenance.jsonl"
CHECKPOINT_FILES: Final = (
    "config.json",
    "model.safetensors",
    "generation_config.json",
    "metadata.json",
    TOKENIZER,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
"""What of a checkpoint is published where it is there; its own manifest is replaced by ours."""
REQUIRED: Final = ("config.json", "model.safetensors", TOKENIZER)
_GGUF: Final = "model.gguf"


class PublicationSettings(Settings):
    """How it is called."""

    name: str


def publish(work: Work) -> None:
    """Copy, describe and list.

    Raises:
        UnusableInput: the checkpoint carries another tokenizer, or a part is missing.
        CannotWrite: the disk is full or refuses.
    """
    settings: PublicationSettings = work.settings["publication"]
    corpus, output = work.inputs["corpus"], work.output
    _refuse_other_tokenizer(work.inputs["tokenizer"], work.inputs["checkpoint"])
    manifest, licences = read_manifest(corpus), licences_of(corpus)
    expression = licence_expression(licences)
    entries = [
        copied(output, source, name, licence=expression, provenance=f"{artifact}/{name}")
        for artifact, source, name in _sources(work)
    ]
    work.report(1, 2, "steps")
    write_file(output / PROVENANCE, "".join(_provenance(corpus)))
    entries.append(list_file(output, PROVENANCE, licence=expression, provenance="corpus"))
    opened = open_any_checkpoint(work.inputs["checkpoint"])
    write_file(output / CARD, model_card(settings.name, opened, manifest, licences, PROVENANCE))
    entries.append(list_file(output, CARD, licence=expression, provenance="corpus and checkpoint"))
    write_publish_manifest(output, entries)
    work.report(2, 2, "steps")


def _sources(work: Work) -> Iterator[tuple[str, Path, str]]:
    """Artifact, file and published name of everything that is copied."""
    for name in CHECKPOINT_FILES:
        path = work.inputs["checkpoint"] / name
        if path.is_file() or name in REQUIRED:
            yield "checkpoint", path, name
    yield "gguf", work.inputs["gguf"] / _GGUF, _GGUF
    yield "corpus", work.inputs["corpus"] / LICENCE, LICENCE


def _refuse_other_tokenizer(tokenizer: Path, checkpoint: Path) -> None:
    if sha256_file(tokenizer / TOKENIZER) != sha256_file(checkpoint / TOKENIZER):
        raise UnusableInput(
            "the checkpoint carries another tokenizer than the one that was tested",
            at=checkpoint / TOKENIZER,
            why="what is published must be what the evidence is about",
            mend="make the checkpoint again with this tokenizer",
        )


def _provenance(corpus: Path) -> Iterator[str]:
    for split in ("train", "heldout"):
        for document in read_documents(corpus, split):
            line = {
                "split": split,
                "path": document.path,
                "sha256": document.sha256,
                "bytes": document.bytes,
                "licence": document.licence,
            }
            yield json.dumps(line, ensure_ascii=False) + "\n"
