"""Shards: the documents of both splits as token ids, each document followed by the separator.

The spelling of a special token inside a document is ordinary text here: a corpus that talks
about `<|endoftext|>` must not get a separator in the middle of a document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field

from specship.digests import sha256_file
from specship.errors import DamagedArtifact
from specship.pipeline.corpus.manifest import CorpusDocument, CorpusManifest, read_documents, read_manifest
from specship.pipeline.shards.manifest import Split
from specship.pipeline.shards.writer import ShardWriter
from specship.pipeline.stage import Settings, Stage, Work
from specship.strict_json import read_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BYTE_PIECE: Final = re.compile(r"<0x[0-9A-F]{2}>")
_BATCH_DOCUMENTS: Final = 64
_BATCH_BYTES: Final = 4 << 20
_SPLITS: Final[tuple[Split, ...]] = ("train", "heldout")


class ShardsSettings(Settings):
    """How the token files are cut."""

    shard_tokens: Annotated[int, Field(ge=1)] = 50_000_000
    """A shard ends with the document that reaches this many tokens."""


STAGE = Stage(
    makes="shards",
    lifecycle="tokenizer",
    needs=("corpus", "tokenizer"),
    settings={"shards": ShardsSettings},
    packages=("tokenizers", "numpy"),
)


def run(work: Work) -> None:
    """Encode every document and write the shards; the manifest comes last.

    Raises:
        DamagedArtifact: the corpus or the tokenizer cannot be read.
        CannotWrite: the disk is full or refuses.
    """
    settings: ShardsSettings = work.settings["shards"]
    corpus, folder = work.inputs["corpus"], work.inputs["tokenizer"]
    tokenizer = open_tokenizer(folder)
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


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder, set to read special spellings inside a text as text.

    Raises:
        DamagedArtifact: `tokenizer.json` is missing or is none.
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise DamagedArtifact(
            f"not a tokenizer: {error}", at=path, mend="run the stage 'tokenizer' again"
        ) from error
    tokenizer.encode_special_tokens = True
    tokenizer.no_truncation()  # a foreign file may ask to cut each text, which would lose the rest of it
    tokenizer.no_padding()
    return tokenizer


def separator_of(folder: Path, tokenizer: Any) -> tuple[str, int]:
    """The end token that the tokenizer's configuration names, and its id.

    Raises:
        DamagedArtifact: there is none, or it is an ordinary piece of text and no special token.
    """
    path = folder / "tokenizer_config.json"
    config = read_json(path)
    token = config.get("eos_token") if isinstance(config, dict) else None
    if isinstance(token, dict):  # older files spell a token with how it is stripped
        token = token.get("content")
    specials = {t.content: i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special}
    if not isinstance(token, str) or token not in specials:
        raise DamagedArtifact(
            f"the end token {token!r} is not among the special tokens {sorted(specials)}",
            at=path,
            why="an ordinary token as separator also stands inside documents",
            mend="name a special token as eos_token",
        )
    return token, specials[token]


def token_bytes(tokenizer: Any, vocab_size: int) -> NDArray[np.int64]:
    """Text bytes of each token id, int64 of shape [V]; 0 for special tokens and unused ids.

    A byte-level vocabulary writes each byte as one character. A SentencePiece vocabulary writes a
    space as U+2581 and single bytes as `<0x0A>`; the space it puts before a text is counted too.
    """
    import numpy as np

    lengths = np.zeros(vocab_size, dtype=np.int64)
    special = set(tokenizer.get_added_tokens_decoder())
    size_of = len if _is_byte_level(tokenizer) else _piece_bytes
    for token, index in tokenizer.get_vocab(with_added_tokens=True).items():
        if index not in special:
            lengths[index] = size_of(token)
    return lengths


def _is_byte_level(tokenizer: Any) -> bool:
    decoder = json.loads(tokenizer.to_str()).get("decoder") or {}
    return any(part.get("type") == "ByteLevel" for part in [decoder, *decoder.get("decoders", ())])


def _piece_bytes(piece: str) -> int:
    return 1 if _BYTE_PIECE.fullmatch(piece) else len(piece.replace("\u2581", " ").encode())
