"""The manifest of a folder of token shards: what was written, and what a reader holds it to.

The same record is checked when the folder is written and whenever it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from specship.errors import DamagedArtifact
from specship.records import Count, Record, Sha256, read_record

Split = Literal["train", "heldout"]

ITEM_BYTES: Final[Mapping[str, int]] = {"uint16": 2, "uint32": 4}
"""Bytes a token by its type; both are stored little-endian."""
MANIFEST: Final = "manifest.json"
TOKEN_BYTES: Final = "token-bytes.bin"
_MEND: Final = "run the stage 'shards' again"


class ShardEntry(Record):
    """One file of tokens."""

    split: Split
    file: Annotated[str, Field(pattern=r"^[a-z]+-[0-9]{5}\.bin$")]
    tokens: Count
    """Tokens in the file, each document's separator included."""
    documents: Count
    bytes: Count
    """Size of the file."""
    text_bytes: Count
    """UTF-8 bytes of the documents' text, which the tokens without separators stand for."""
    sha256: Sha256


class EncoderEntry(Record):
    """Which library encoded the text; whichever it was, the ids are those of `tokenizers`."""

    name: Literal["tokenizers", "tiktoken"]
    version: str
    reason: str
    """Why it was this one, or why documents were left to the other; empty where there is nothing to say."""
    compared: Count = 0
    """Documents that both libraries encoded, with equal ids."""
    left_to_tokenizers: Count = 0
    """Documents that were encoded by `tokenizers` nevertheless."""


class ShardsManifest(Record):
    """Every shard of both splits, and the tokenizer that made them."""

    format: Literal["specship-token-shards/1"] = "specship-token-shards/1"
    dtype: Literal["uint16", "uint32"]
    vocab_size: Annotated[int, Field(gt=0)]
    separator: str
    separator_id: Count
    """Id of the special token written after every document."""
    tokenizer_sha256: Sha256
    """sha256 of the `tokenizer.json` that encoded the text."""
    train_sha256: Sha256
    """sha256 of the corpus' `train.jsonl`."""
    heldout_sha256: Sha256
    """sha256 of the corpus' `heldout.jsonl`: what identifies the held-out set."""
    token_bytes_sha256: Sha256
    """sha256 of `token-bytes.bin`: the text bytes of each token id, uint32; 0 for special tokens."""
    shards: Annotated[list[ShardEntry], Field(min_length=1)]
    encoder: EncoderEntry | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        for shard in self.shards:
            if shard.bytes != shard.tokens * ITEM_BYTES[self.dtype]:
                raise ValueError(f"{shard.file}: {shard.bytes} bytes cannot hold {shard.tokens} {self.dtype}")
        if len({shard.file for shard in self.shards}) != len(self.shards):
            raise ValueError("a shard is listed twice")
        if self.separator_id >= self.vocab_size:
            raise ValueError(f"separator id {self.separator_id} is outside {self.vocab_size} tokens")
        return self

    def of(self, split: Split) -> list[ShardEntry]:
        """Shards of one split in the order in which they are read."""
        return [shard for shard in self.shards if shard.split == split]

    def tokens(self, split: Split) -> int:
        """Unique tokens of one split: what a single pass sees."""
        return sum(shard.tokens for shard in self.of(split))


def read_manifest(folder: Path) -> ShardsManifest:
    """The manifest of a shards folder, after every listed file was found at its listed size.

    Digests are not recomputed here; the probe `shards.manifest` does that.

    Raises:
        DamagedArtifact: the manifest or a shard is missing, malformed or of another size.
    """
    what = "the manifest of the shards is malformed"
    manifest = read_record(ShardsManifest, folder / MANIFEST, what=what, mend=_MEND)
    for shard in manifest.shards:
        _check_size(folder / shard.file, shard)
    return manifest


def _check_size(path: Path, shard: ShardEntry) -> None:
    if path.is_symlink() or not path.is_file():
        raise DamagedArtifact("a shard is missing or is not a regular file", at=path, mend=_MEND)
    if (size := path.stat().st_size) != shard.bytes:
        raise DamagedArtifact(
            f"the shard has {size} bytes; its manifest says {shard.bytes}",
            at=path,
            why="a shard that is cut or grown shifts every token after it",
            mend=_MEND,
        )
