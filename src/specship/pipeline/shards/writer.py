"""Writes token shards: files of little-endian token ids, and the manifest that describes them."""
# ruff: noqa: N803, N806 - a suffix names the axes: N tokens, V vocabulary

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from specship.digests import sha256_bytes
from specship.files import write_errors, write_file, write_json
from specship.pipeline.shards.manifest import (
    ITEM_BYTES,
    MANIFEST,
    TOKEN_BYTES,
    ShardEntry,
    ShardsManifest,
    Split,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def dtype_for(vocab_size: int) -> Literal["uint16", "uint32"]:
    """The smaller type that holds every id of a vocabulary."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


class ShardWriter:
    """Collects documents of both splits into shards of at most about `shard_tokens` tokens."""

    def __init__(self, folder: Path, *, vocab_size: int, separator_id: int, shard_tokens: int) -> None:
        self._folder = folder
        self._vocab_size = vocab_size
        self._separator_id = separator_id
        self._shard_tokens = shard_tokens
        self._dtype = dtype_for(vocab_size)
        self._entries: list[ShardEntry] = []
        self._open: _OpenShard | None = None

    def add(self, split: Split, tokens: list[int], text_bytes: int) -> None:
        """Append one document and its separator; a shard is closed at the document that fills it.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        import numpy as np

        if self._open is not None and (self._open.split != split or self._open.tokens >= self._shard_tokens):
            self._close()
        if self._open is None:
            number = sum(entry.split == split for entry in self._entries)
            self._open = _OpenShard(self._folder / f"{split}-{number:05}.bin", split)
        array_N = np.asarray([*tokens, self._separator_id], dtype=np.dtype(self._dtype).newbyteorder("<"))
        self._open.write(array_N.tobytes(), len(array_N), text_bytes)

    def finish(
        self,
        *,
        separator: str,
        token_bytes_V: NDArray[np.int64],
        tokenizer_sha256: str,
        train_sha256: str,
        heldout_sha256: str,
    ) -> ShardsManifest:
        """Close the last shard and write the table of token lengths and the manifest.

        Raises:
            CannotWrite: the disk is full or refuses.
        """
        self._close()
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
            shards=self._entries,
        )
        write_json(self._folder / MANIFEST, manifest.model_dump())
        return manifest

    def _close(self) -> None:
        if self._open is not None:
            self._entries.append(self._open.close(ITEM_BYTES[self._dtype]))
            self._open = None


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

    def close(self, item_bytes: int) -> ShardEntry:
        with write_errors(self._path):
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
