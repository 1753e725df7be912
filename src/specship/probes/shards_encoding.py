"""Whether the shards hold the documents: encoded again, and counted back into bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from specship.pipeline.corpus.manifest import read_documents
from specship.pipeline.shards.files import ShardFiles, read_shard_files
from specship.pipeline.tokenizer.opening import open_for_documents
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_EVERY: Final = 16
"""Of the training documents every sixteenth is encoded again, of the held-out ones each."""


@probe(
    "shards.encoding",
    checked="documents_encoded",
    documents_encoded="documents",
    mismatches="documents",
    surplus_documents="difference",
    bytes_per_token="bytes/token",  # noqa: S106 - a unit, no password
    heldout_bytes_per_token="bytes/token",  # noqa: S106 - a unit, no password
    heldout_to_train="ratio",
)
def shards_encoding(shards: Artifact, corpus: Artifact, tokenizer: Artifact) -> Figures:
    """Documents of the corpus against the pieces between separators, in order.

    `mismatches` counts documents whose tokens are not those that the tokenizer gives today;
    `surplus_documents` is how many more documents the shards hold than the corpus. Bytes a token
    are text bytes of the corpus over tokens of the shards without separators.

    Raises:
        DamagedArtifact: one of the artifacts cannot be read.
    """
    files, opened = read_shard_files(shards.path), open_for_documents(tokenizer.path)
    encoded, mismatches, surplus = 0, [], 0
    text_bytes, tokens = {"train": 0, "heldout": 0}, {"train": 0, "heldout": 0}
    for split, every in (("train", _EVERY), ("heldout", 1)):
        pieces = _pieces(files, split)
        for place, document in enumerate(read_documents(corpus.path, split)):  # type: ignore[arg-type]
            text_bytes[split] += len(document.text.encode())
            piece = next(pieces, None)
            if piece is None:
                surplus -= 1
                continue
            tokens[split] += len(piece)
            if place % every == 0:
                encoded += 1
                if _encode(opened, document.text) != piece.tolist():
                    mismatches.append(f"{split}: {document.path}")
        for piece in pieces:
            surplus += 1
            tokens[split] += len(piece)
    rates = {split: text_bytes[split] / tokens[split] if tokens[split] else None for split in tokens}
    train, heldout = rates["train"], rates["heldout"]
    return {
        "documents_encoded": encoded,
        "mismatches": len(mismatches),
        "surplus_documents": surplus,
        "bytes_per_token": train,
        "heldout_bytes_per_token": heldout,
        "heldout_to_train": heldout / train if heldout and train else None,
        "notes": [f"encoded differently: {name}" for name in mismatches[:8]],
    }


def _encode(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def _pieces(files: ShardFiles, split: str) -> Iterator[NDArray[np.unsignedinteger]]:
    """The tokens of each document in order, without its separator; an unfinished rest counts too."""
    import numpy as np

    separator = files.number("separator_id")
    for _, array in files.arrays(split):
        start = 0
        for end in np.flatnonzero(array == separator):
            yield array[start:end]
            start = int(end) + 1
        if start < len(array):
            yield array[start:]
