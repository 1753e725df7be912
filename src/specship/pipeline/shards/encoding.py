"""Shards: the documents of both splits as token ids, each document followed by the separator.

The spelling of a special token inside a document is ordinary text here: a corpus that talks
about `<|endoftext|>` must not get a separator in the middle of a document.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from specship.digests import sha256_file
from specship.pipeline.corpus.manifest import CorpusDocument, CorpusManifest, read_documents, read_manifest
from specship.pipeline.shards.manifest import Split
from specship.pipeline.shards.writer import ShardWriter
from specship.pipeline.stage import Settings, Work
from specship.pipeline.tokenizer.opening import open_for_documents, separator_of, token_bytes

_BATCH_DOCUMENTS: Final = 64
_BATCH_BYTES: Final = 4 << 20
_SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")


class ShardsSettings(Settings):
    """How the token files are cut."""

    shard_tokens: Annotated[int, Field(ge=1)] = 50_000_000
    """A shard ends with the document that reaches this many tokens."""


def encode_shards(work: Work) -> None:
    """Encode every document and write the shards; the manifest comes last.

    Raises:
        DamagedArtifact: the corpus or the tokenizer cannot be read.
        CannotWrite: the disk is full or refuses.
    """
    settings: ShardsSettings = work.settings["shards"]
    corpus, folder = work.inputs["corpus"], work.inputs["tokenizer"]
    tokenizer = open_for_documents(folder)
    separator, separator_id = separator_of(folder, tokenizer)
    vocab_size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())
    writer = ShardWriter(
        work.output,
        vocab_size=vocab_size,
        separator_id=separator_id,
        shard_tokens=settings.shard_tokens,
    )
    manifest = read_manifest(corpus)
    _encode(work, tokenizer, writer, manifest)
    writer.finish(
        separator=separator,
        token_bytes_V=token_bytes(tokenizer, vocab_size),
        tokenizer_sha256=sha256_file(folder / "tokenizer.json"),
        train_sha256=manifest.train.sha256,
        heldout_sha256=manifest.heldout.sha256,
    )


def _encode(work: Work, tokenizer: Any, writer: ShardWriter, manifest: CorpusManifest) -> None:
    total, done = manifest.train.text_bytes + manifest.heldout.text_bytes, 0
    for split in _SPLITS:
        for batch in _batches(work.inputs["corpus"], split):
            encoded = tokenizer.encode_batch_fast([d.text for d in batch], add_special_tokens=False)
            for document, encoding in zip(batch, encoded, strict=True):
                writer.add(split, encoding.ids, document.bytes)
                done += document.bytes
            work.report(done, total, "bytes")


def _batches(corpus: Path, split: Split) -> Iterator[list[CorpusDocument]]:
    """Documents in groups that are small in number and in bytes: encodings take much memory."""
    batch: list[CorpusDocument] = []
    size = 0
    for document in read_documents(corpus, split):
        batch.append(document)
        size += document.bytes
        if len(batch) >= _BATCH_DOCUMENTS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
