"""Whether the ids in the shards are ids of the tokenizer, and the vocabulary is what it claims."""

from __future__ import annotations

from typing import Any, Final

from specship.pipeline.shards.files import read_shard_files
from specship.pipeline.tokenizer.opening import open_for_documents
from specship.probes.probe import Artifact, Figures, probe

_TOKENS_AT_ONCE: Final = 1 << 24
_BYTE_VALUES: Final = 256


@probe(
    "tokenizer.vocabulary",
    checked="tokens",
    tokens="tokens",
    tokenizer_size="tokens",
    manifest_size="tokens",
    highest_id="ids",
    ids_outside="tokens",
    unused_ids="ids",
    missing_bytes="bytes",
)
def tokenizer_vocabulary(tokenizer: Artifact, shards: Artifact) -> Figures:
    """Sizes as counted in the tokenizer and as the shards claim, and every id of every shard.

    `ids_outside` counts tokens whose id the tokenizer does not have, `unused_ids` gaps in its
    numbering, `missing_bytes` byte values that it cannot write.

    Raises:
        DamagedArtifact: the tokenizer or the shards cannot be read.
    """
    import numpy as np

    vocabulary = open_for_documents(tokenizer.path).get_vocab(with_added_tokens=True)
    known = np.zeros(max(vocabulary.values()) + 2, dtype=bool)
    known[list(vocabulary.values())] = True
    files = read_shard_files(shards.path)
    tokens, highest, outside, notes = 0, -1, 0, []
    for name, array in files.arrays():
        tokens += len(array)
        for start in range(0, len(array), _TOKENS_AT_ONCE):
            piece = array[start : start + _TOKENS_AT_ONCE]
            highest = max(highest, int(piece.max()))
            strange = int((~known[np.minimum(piece, len(known) - 1)]).sum())
            outside += strange
            if strange:
                notes.append(f"{name}: {strange} tokens that the tokenizer does not have")
    return {
        "tokens": tokens,
        "tokenizer_size": len(vocabulary),
        "manifest_size": files.number("vocab_size"),
        "highest_id": highest,
        "ids_outside": outside,
        "unused_ids": max(vocabulary.values()) + 1 - len(set(vocabulary.values())),
        "missing_bytes": _BYTE_VALUES - len(_byte_letters() & vocabulary.keys()),
        "notes": notes[:8],
    }


def _byte_letters() -> set[str]:
    """The characters that GPT-2's byte-level encoding writes the 256 byte values with."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = _BYTE_VALUES - len(shown)
    letters: list[Any] = [*map(chr, shown), *(chr(_BYTE_VALUES + place) for place in range(hidden))]
    return set(letters)
