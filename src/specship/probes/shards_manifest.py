"""Whether the shards are what their manifest says, and were made from this corpus and tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from specship.digests import sha256_file
from specship.pipeline.shards.files import ShardFiles, read_shard_files
from specship.probes.probe import Artifact, Figures, probe

_ITEM_BYTES: Final = {"uint16": 2, "uint32": 4}


@probe(
    "shards.manifest",
    checked="shards",
    shards="shards",
    tokens="tokens",
    train_tokens="tokens",
    heldout_tokens="tokens",
    wrong_sizes="shards",
    wrong_digests="shards",
    unlisted_files="files",
    foreign_inputs="files",
)
def shards_manifest(shards: Artifact, corpus: Artifact, tokenizer: Artifact) -> Figures:
    """Every shard hashed and its size compared; tokens are counted from the files.

    `foreign_inputs` counts which of `tokenizer.json`, `train.jsonl` and `heldout.jsonl` are other
    bytes today than those the shards were made from.

    Raises:
        DamagedArtifact: the manifest cannot be read or a shard is missing.
    """
    files = read_shard_files(shards.path)
    counted = {split: sum(len(array) for _, array in files.arrays(split)) for split in ("train", "heldout")}
    sizes = [entry["file"] for entry in files.entries() if not _size_holds(files, entry)]
    digests = [
        entry["file"]
        for entry in files.entries()
        if sha256_file(shards.path / entry["file"]) != entry.get("sha256")
    ]
    listed = {entry["file"] for entry in files.entries()} | {"manifest.json", "token-bytes.bin"}
    unlisted = sorted({path.name for path in shards.path.iterdir()} - listed)
    foreign = [
        name
        for name, path in _inputs(corpus, tokenizer).items()
        if not path.is_file() or sha256_file(path) != files.text(f"{name}_sha256")
    ]
    return {
        "shards": len(files.entries()),
        "tokens": sum(counted.values()),
        "train_tokens": counted["train"],
        "heldout_tokens": counted["heldout"],
        "wrong_sizes": len(sizes),
        "wrong_digests": len(digests),
        "unlisted_files": len(unlisted),
        "foreign_inputs": len(foreign),
        "notes": [
            *(f"{name}: another size than its manifest says" for name in sizes[:8]),
            *(f"{name}: other bytes than its manifest says" for name in digests[:8]),
            *(f"{name}: not in the manifest" for name in unlisted[:8]),
            *(f"the shards were made from another {name}" for name in foreign),
        ],
    }


def _size_holds(files: ShardFiles, entry: dict[str, Any]) -> bool:
    """Whether a file has the bytes that its tokens need, no more and no less."""
    size: int = (files.folder / entry["file"]).stat().st_size
    item = _ITEM_BYTES[files.text("dtype")]
    return files.claimed(entry, "bytes") == size and files.claimed(entry, "tokens") * item == size


def _inputs(corpus: Artifact, tokenizer: Artifact) -> dict[str, Path]:
    return {
        "tokenizer": tokenizer.path / "tokenizer.json",
        "train": corpus.path / "train.jsonl",
        "heldout": corpus.path / "heldout.jsonl",
    }
