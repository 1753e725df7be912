"""Shards: the documents of both splits as token ids, each document followed by the separator.

The spelling of a special token inside a document is ordinary text here: a corpus that talks
about `<|endoftext|>` must not get a separator in the middle of a document.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from specship.digests import digest_of, sha256_file
from specship.errors import UnusableInput
from specship.pipeline.corpus.manifest import CorpusDocument, CorpusManifest, read_documents, read_manifest
from specship.pipeline.shards.encoders import ByTokenizers, Encoder, Engine, UnequalTokens, encoder_of
from specship.pipeline.shards.manifest import Split
from specship.pipeline.shards.writer import ShardWriter
from specship.pipeline.stage import Settings, Work
from specship.pipeline.tokenizer.opening import open_for_documents, separator_of, token_bytes

_BATCH_DOCUMENTS: Final = 64
_BATCH_BYTES: Final = 4 << 20
_SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")


class ShardsSettings(Settings):
    """How the token files are cut, and by what."""

    shard_tokens: Annotated[int, Field(ge=1)] = 50_000_000
    """A shard ends with the document that reaches this many tokens."""
    engine: Engine = "auto"
    """Library that encodes: tiktoken where it is there and shown to give the same ids, else tokenizers."""


def encode_shards(work: Work) -> None:
    """Encode every document and write the shards; the manifest comes last.

    A run that was ended goes on behind the last whole shard.

    Raises:
        DamagedArtifact: the corpus or the tokenizer cannot be read.
        UnusableInput: an engine was asked for that cannot encode this.
        CannotWrite: the disk is full or refuses.
    """
    settings: ShardsSettings = work.settings["shards"]
    folder = work.inputs["tokenizer"]
    tokenizer = open_for_documents(folder)
    encoder = encoder_of(tokenizer, folder, settings.engine)
    try:
        _write(work, settings, tokenizer, encoder)
    except UnequalTokens as error:
        if settings.engine == "tiktoken":
            raise UnusableInput(
                f"tiktoken gives other tokens for a document that begins {str(error)!r}",
                at=folder / "tokenizer.json",
                mend="set shards.engine to 'tokenizers'",
            ) from error
        _write(work, settings, tokenizer, ByTokenizers(tokenizer, f"other tokens for {str(error)!r}"))


def _write(work: Work, settings: ShardsSettings, tokenizer: Any, encoder: Encoder) -> None:
    corpus, folder = work.inputs["corpus"], work.inputs["tokenizer"]
    separator, separator_id = separator_of(folder, tokenizer)
    vocab_size = 1 + max(tokenizer.get_vocab(with_added_tokens=True).values())
    manifest = read_manifest(corpus)
    made_from = {
        "tokenizer_sha256": sha256_file(folder / "tokenizer.json"),
        "train_sha256": manifest.train.sha256,
        "heldout_sha256": manifest.heldout.sha256,
    }
    writer = ShardWriter(
        work.output,
        vocab_size=vocab_size,
        separator_id=separator_id,
        shard_tokens=settings.shard_tokens,
        identity=digest_of([made_from, settings.model_dump(), encoder.entry().name]),
    )
    with contextlib.closing(writer):
        _encode(work, encoder, writer, manifest)
        writer.finish(
            separator=separator,
            token_bytes_V=token_bytes(tokenizer, vocab_size),
            encoder=encoder.entry(),
            **made_from,
        )


def _encode(work: Work, encoder: Encoder, writer: ShardWriter, manifest: CorpusManifest) -> None:
    total = manifest.train.text_bytes + manifest.heldout.text_bytes
    done = sum(entry.text_bytes for entry in writer.entries)
    for split in _SPLITS:
        written = sum(entry.documents for entry in writer.entries if entry.split == split)
        for batch in _batches(work.inputs["corpus"], split, written):
            encoded = encoder.encode([document.text for document in batch])
            for document, ids in zip(batch, encoded, strict=True):
                writer.add(split, ids, document.bytes)
                done += document.bytes
            work.report(done, total, "bytes")


def _batches(corpus: Path, split: Split, skip: int) -> Iterator[list[CorpusDocument]]:
    """Documents in groups that are small in number and in bytes: encodings take much memory."""
    batch: list[CorpusDocument] = []
    size = 0
    for document in itertools.islice(read_documents(corpus, split), skip, None):
        batch.append(document)
        size += document.bytes
        if len(batch) >= _BATCH_DOCUMENTS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
