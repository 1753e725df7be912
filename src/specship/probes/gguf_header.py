"""What a GGUF's header says, against the checkpoint that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from specship.pipeline.checkpoint.folder import CheckpointFolder, open_any_checkpoint
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.gguf.names import ARCHITECTURES
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.probes.probe import Artifact, Figures, probe

_FILE: Final = "model.gguf"
_FILE_TYPES: Final = {0: "F32", 1: "F16", 2: "Q4_0", 7: "Q8_0", 32: "BF16"}
"""Element type of the matrices by `general.file_type` (llama_ftype in llama.h)."""
_BLOCKS: Final = {"F32": 1, "F16": 1, "BF16": 1, "Q4_0": 32, "Q8_0": 32}
"""Numbers a block of each."""


@probe(
    "gguf.header",
    checked="keys",
    keys="keys",
    architecture="text",
    missing_keys="keys",
    wrong_values="keys",
    tokens="tokens",
    embedding_rows="tokens",
    wrong_tokens="tokens",
    wrong_merges="merges",
    file_type="text",
    file_type_agrees="text",
    source_agrees="text",
    licence="text",
)
def gguf_header(checkpoint: Artifact, gguf: Artifact) -> Figures:
    """Every key that llama.cpp needs, with the value that the checkpoint gives it.

    `wrong_tokens` counts ids whose text or type is not the tokenizer's, and places that are
    missing from the list or surplus in it; `file_type_agrees` and `source_agrees` are yes or no.
    Raises DamagedArtifact.
    """
    opened, exported = open_any_checkpoint(checkpoint.path), read_gguf(gguf.path / _FILE)
    metadata = exported.metadata
    vocabulary = read_vocabulary(checkpoint.path, opened.shape.vocabulary)
    expected = _expected(opened, vocabulary.metadata())
    missing = [key for key in expected if key not in metadata]
    wrong = [key for key, value in expected.items() if key in metadata and not _same(metadata[key], value)]
    tokens = metadata.get("tokenizer.ggml.tokens", [])
    types = metadata.get("tokenizer.ggml.token_type", [])
    embedding = exported.tensors.get("token_embd.weight")
    file_type = _FILE_TYPES.get(metadata.get("general.file_type", -1), "unknown")
    source = metadata.get("specship.checkpoint.weights_sha256")
    return {
        "keys": len(expected),
        "architecture": str(metadata.get("general.architecture", "")),
        "missing_keys": len(missing),
        "wrong_values": len(wrong),
        "tokens": len(tokens),
        "embedding_rows": embedding.shape[0] if embedding else None,
        "wrong_tokens": _apart(vocabulary.tokens, tokens) + _apart(vocabulary.types, types),
        "wrong_merges": _apart(vocabulary.merges, metadata.get("tokenizer.ggml.merges", [])),
        "file_type": file_type,
        "file_type_agrees": _yes(file_type in _BLOCKS and _types_agree(exported, file_type)),
        "source_agrees": _yes(source == opened.weights_digest()),
        "licence": str(metadata.get("general.license", "")),
        "notes": [f"missing: {key}" for key in missing]
        + [f"{key} is {metadata[key]}, the checkpoint says {expected[key]}" for key in wrong],
    }


def _expected(opened: CheckpointFolder, tokenizer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keys and values, written here a second time on purpose: the writer does not check itself."""
    shape = opened.shape
    architecture = ARCHITECTURES[shape.family].name
    sizes: dict[str, Any] = {
        "context_length": shape.context,
        "embedding_length": shape.hidden,
        "block_count": shape.layers,
        "feed_forward_length": shape.intermediate,
        "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads,
        "attention.key_length": shape.head_dim,
        "attention.value_length": shape.head_dim,
        "attention.layer_norm_rms_epsilon": shape.rms_eps,
        "rope.dimension_count": shape.head_dim,
        "rope.freq_base": shape.rope_theta,
        "vocab_size": shape.vocabulary,
    }
    if shape.rope.kind in {"linear", "yarn"}:
        sizes |= {"rope.scaling.type": shape.rope.kind, "rope.scaling.factor": shape.rope.factor}
    if shape.rope.kind == "yarn":
        sizes["rope.scaling.original_context_length"] = shape.rope.original_context
    lists = {key for key, value in tokenizer.items() if isinstance(value, tuple)}
    return (
        {"general.architecture": architecture}
        | {f"{architecture}.{key}": value for key, value in sizes.items()}
        | {key: value for key, value in tokenizer.items() if key not in lists}
    )


def _types_agree(exported: GgufFile, file_type: str) -> bool:
    """Whether the matrices are what the header says; rows that do not divide into blocks fall back to F16."""
    return all(
        tensor.type.name == file_type or (tensor.type.name == "F16" and tensor.shape[-1] % _BLOCKS[file_type])
        for tensor in exported.tensors.values()
        if len(tensor.shape) > 1
    )


def _same(value: Any, expected: Any) -> bool:
    """Equal; decimals to the precision of the file's 32 bits."""
    if isinstance(expected, float):
        return isinstance(value, float) and abs(value - expected) <= 1e-6 * abs(expected)
    return type(value) is type(expected) and value == expected


def _apart(expected: tuple[Any, ...], found: list[Any]) -> int:
    differing = sum(bool(a != b) for a, b in zip(expected, found, strict=False))
    return differing + abs(len(expected) - len(found))


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
