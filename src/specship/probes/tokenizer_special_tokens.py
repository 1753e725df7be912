"""Whether documents end with the token that a user's tokenizer calls the end, and only there.

The folder is opened with `transformers.AutoTokenizer`, as a user opens it.
"""

from __future__ import annotations

from typing import Any

from specship.errors import DamagedArtifact
from specship.pipeline.shards.files import read_shard_files
from specship.probes.probe import Artifact, Figures, probe


@probe(
    "tokenizer.special_tokens",
    checked="separators",
    separators="tokens",
    documents="documents",
    surplus_separators="difference",
    wrong_separators="tokens",
    ordinary_separators="tokens",
    unfinished_shards="shards",
    opened_size="tokens",
)
def tokenizer_special_tokens(tokenizer: Artifact, shards: Artifact) -> Figures:
    """The separator in the shards against the tokenizer's own end token.

    `wrong_separators` is 1 when the shards' separator id is not the tokenizer's `eos_token_id`,
    `ordinary_separators` is 1 when it is not flagged special, `surplus_separators` is how many
    more separators than documents there are, `unfinished_shards` end inside a document.

    Raises:
        DamagedArtifact: the folder does not open, or the shards cannot be read.
    """
    import numpy as np

    opened = _open(tokenizer)
    files = read_shard_files(shards.path)
    separator = files.number("separator_id")
    separators, unfinished = 0, 0
    for _, array in files.arrays():
        separators += int(np.count_nonzero(array == separator))
        unfinished += int(array[-1] != separator)
    documents = sum(files.claimed(entry, "documents") for entry in files.entries())
    return {
        "separators": separators,
        "documents": documents,
        "surplus_separators": separators - documents,
        "wrong_separators": int(opened.eos_token_id != separator),
        "ordinary_separators": int(separator not in opened.all_special_ids),
        "unfinished_shards": unfinished,
        "opened_size": len(opened),
        "notes": [f"shards end documents with {separator}, the tokenizer with {opened.eos_token_id}"],
    }


def _open(tokenizer: Artifact) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(tokenizer.path), local_files_only=True)
    except Exception as error:
        raise DamagedArtifact(
            f"transformers does not open the tokenizer: {error}",
            at=tokenizer.path,
            mend="run the stage 'tokenizer' again",
        ) from error
