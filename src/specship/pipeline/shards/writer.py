"""Writes token shards: files of little-endian token ids, and the manifest that describes them."""
# ruff: noqa: N803, N806 - a suffix names the axes: N tokens, V vocabulary

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from specship.digests import sha256_bytes
from specship.files import write_errors, write_file, write_json
from specship.pipeline.shards.manifest import (
    ITEM_BYTES,
    MANIFEST,
    TOKEN_BYTES,
    EncoderEntry,
    ShardEntry,
    ShardsManifest,
    Split,
)
from specship.records import Record, read_record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

JOURNAL: Final = "whole-shards.json"
"""What was closed so far; gone when the manifest is written."""


class Journal(Record):
    """Shards that are whole while others are still to come."""

    identity: str
    shards: list[ShardEntry]


def dtype_for(vocab_size: int) -> Literal["uint16", "uint32"]:
    """The smaller type that holds every id of a vocabulary."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


class ShardWriter:
    """Collects documents of both splits into shards of at most about `shard_tokens` tokens.

    Whole shards are written down as they are closed: a writer with the same `identity` (a digest of all that
    decides the tokens) finds them in `entries` and goes on behind them.
    """

    def __init__(
        self, folder: Path, *, vocab_size: int, separator_id: int, shard_tokens: int, identity: str = ""
    ) -> None:
        self._folder = folder
        self._vocab_size = vocab_size
        self._separator_id = separator_id
        self._shard_tokens = shard_tokens
        self._dtype = dtype_for(vocab_size)
        self._identity = identity
        self.entries = self._whole_shards()
        self._open: _OpenShard | None = None

    def _whole_shards(self) -> list[ShardEntry]:
        """Shards that a writer before this one closed; what else it left is taken away."""
        journal, entries = self._folder / JOURNAL, []
        if self._identity and journal.is_file():
            found = read_record(Journal, journal, mend="take the folder away, and run the same command again")
            if found.identity == self._identity:
                entries = [one for one in found.shards if self._has(one)]
        kept = {entry.file for entry in entries}
        for path in self._folder.glob("*.bin"):
            if path.name not in kept:
                path.unlink()
        return entries

    def _has(self, entry: ShardEntry) -> bool:
        path = self._folder / entry.file
        return path.is_file() and path.stat().st_size == entry.bytes

    def add(self, split: Split, tokens: ArrayLike, text_bytes: int) -> None:
        """Append one document and its separator; a shard is closed at the document that fills it.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        import numpy as np

        if self._open is not None and (self._open.split != split or self._open.tokens >= self._shard_tokens):
            self._end_shard()
        if self._open is None:
            number = sum(entry.split == split for entry in self.entries)
            self._open = _OpenShard(self._folder / f"{split}-{number:05}.bin", split)
        ids_N = np.asarray(tokens, dtype=np.dtype(self._dtype).newbyteorder("<"))
        array_N = np.append(ids_N, ids_N.dtype.type(self._separator_id))
        self._open.write(array_N.tobytes(), len(array_N), text_bytes)

    def finish(
        self,
        *,
        separator: str,
        token_bytes_V: NDArray[np.int64],
        tokenizer_sha256: str,
        train_sha256: str,
        heldout_sha256: str,
        encoder: EncoderEntry | None = None,
    ) -> ShardsManifest:
        """Close the last shard and write the table of token lengths and the manifest.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        self._end_shard()
        table = token_bytes_V.astype("<u4").tobytes()
        write_file(self._folder / TOKEN_BYTES, table)
        manifest = ShardsManifest(
            dtype=self._dtype,
            vocab_size=self._vocab_size,
            separator=separator,
            separator_id=self._separator_id,
            tokenizer_sha256=tokenizer_sha256,
            train_sha256=train_sha256,
            heldout_sha256=heldout_sha256,
            token_bytes_sha256=sha256_bytes(table),
            shards=self.entries,
            encoder=encoder,
        )
        (self._folder / JOURNAL).unlink(missing_ok=True)
        write_json(self._folder / MANIFEST, manifest.model_dump())
        return manifest

    def close(self) -> None:
        """Let go of a shard that was not finished; its file is taken away by whoever goes on."""
        if self._open is not None:
            self._open.leave()
            self._open = None

    def _end_shard(self) -> None:
        if self._open is not None:
            self.entries.append(self._open.close(ITEM_BYTES[self._dtype]))
            self._open = None
            if self._identity:
                journal = Journal(identity=self._identity, shards=self.entries)
                write_json(self._folder / JOURNAL, journal.model_dump())


class _OpenShard:
    """A shard that is being written."""

    def __init__(self, path: Path, split: Split) -> None:
        self.split = split
        self.tokens = 0
        self._path = path
        self._documents = 0
        self._text_bytes = 0
        self._digest = hashlib.sha256()
        with write_errors(path):
            self._file: BinaryIO = path.open("wb")

    def write(self, data: bytes, tokens: int, text_bytes: int) -> None:
        with write_errors(self._path):
            self._file.write(data)
        self._digest.update(data)
        self.tokens += tokens
        self._documents += 1
        self._text_bytes += text_bytes

    def leave(self) -> None:
        self._file.close()

    def close(self, item_bytes: int) -> ShardEntry:
        with write_errors(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        return ShardEntry(
            split=self.split,
            file=self._path.name,
            tokens=self.tokens,
            documents=self._documents,
            bytes=self.tokens * item_bytes,
            text_bytes=self._text_bytes,
            sha256=self._digest.hexdigest(),
        )
