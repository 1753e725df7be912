"""What a GGUF's header says, against the checkpoint that it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from specship.bounds import JSON_LARGEST_FOREIGN_INTEGER
from specship.pipeline.checkpoint.folder import CheckpointFolder, StoredFolder
from specship.pipeline.checkpoint.weight_files import CONFIG
from specship.pipeline.export.converted_tensors import COMPUTED, aligned_tensors
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.gguf.names import ARCHITECTURES
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.pipeline.inference.any_model import open_any_model
from specship.probes.probe import Artifact, Figures, probe
from specship.strict_json import read_json

_FILE: Final = "model.gguf"
_FILE_TYPES: Final = {0: "F32", 1: "F16", 2: "Q4_0", 7: "Q8_0", 32: "BF16"}
"""Element type of the matrices by `general.file_type` (llama_ftype in llama.h)."""
_BLOCKS: Final = {"F32": 1, "F16": 1, "BF16": 1, "Q4_0": 32, "Q8_0": 32}
"""Numbers a block of each."""

_SAID_BY_BOTH: Final = {
    "feed_forward_length": ("intermediate_size", "n_inner", "ffn_dim"),
    "attention.head_count_kv": ("num_key_value_heads",),
    "attention.key_length": ("head_dim",),
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps",),
    "attention.layer_norm_epsilon": ("layer_norm_epsilon", "layer_norm_eps"),
    "attention.sliding_window": ("sliding_window",),
    "expert_count": ("num_experts", "num_local_experts"),
    "expert_used_count": ("num_experts_per_tok",),
    "expert_feed_forward_length": ("moe_intermediate_size",),
}
"""Keys of llama.cpp behind an architecture's name, and what `config.json` calls the same."""
_DECIMALS: Final = {"attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon"}


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

    Of a family without an export of ours the keys are the sizes that every architecture has, and each other key
    of the file that `config.json` has a value for. llama.cpp's converter writes down no source: where none
    stands there, the file is the checkpoint's when every tensor holds its numbers.

    Raises:
        DamagedArtifact: a header or a configuration breaks a rule.
        UnusableInput: a tokenizer that is not known here, or an architecture that `gguf` does not know.
    """
    opened, exported = open_any_model(checkpoint.path), read_gguf(gguf.path / _FILE)
    assert isinstance(opened, StoredFolder)  # noqa: S101 - a checkpoint is a folder
    metadata = exported.metadata
    vocabulary = read_vocabulary(checkpoint.path, opened.shape.vocabulary)
    expected = (
        _expected(opened, vocabulary.metadata())
        if isinstance(opened, CheckpointFolder)
        else _expected_of_other(opened, exported)
    )
    missing = [key for key in expected if key not in metadata]
    wrong = [key for key, value in expected.items() if key in metadata and not _same(metadata[key], value)]
    tokens = metadata.get("tokenizer.ggml.tokens", [])
    types = metadata.get("tokenizer.ggml.token_type", [])
    embedding = exported.tensors.get("token_embd.weight")
    file_type = _FILE_TYPES.get(metadata.get("general.file_type", -1), "unknown")
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
        "source_agrees": _yes(_is_of(opened, exported)),
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


def _expected_of_other(opened: StoredFolder, exported: GgufFile) -> Mapping[str, Any]:
    """Of a family that llama.cpp's converter writes: sizes, and what both files have a word for."""
    architecture = str(exported.metadata.get("general.architecture", ""))
    document = read_json(opened.path / CONFIG, largest=JSON_LARGEST_FOREIGN_INTEGER)
    shape = opened.shape
    sizes: dict[str, Any] = {
        "context_length": shape.context,
        "embedding_length": shape.hidden,
        "block_count": shape.layers,
        "attention.head_count": shape.heads,
    }
    for key, names in _SAID_BY_BOTH.items():
        said = next((document[name] for name in names if document.get(name) is not None), None)
        if said is not None and f"{architecture}.{key}" in exported.metadata:
            sizes[key] = float(said) if key in _DECIMALS else said
    ids = {"bos": shape.bos_id, "eos": shape.eos_ids[0] if len(shape.eos_ids) == 1 else None}
    return {f"{architecture}.{key}": value for key, value in sizes.items()} | {
        f"tokenizer.ggml.{name}_token_id": token for name, token in ids.items() if token is not None
    }


def _is_of(opened: StoredFolder, exported: GgufFile) -> bool:
    """Whether the file was made from these weights: by its own word, or where it has none, by its numbers."""
    said = exported.metadata.get("specship.checkpoint.weights_sha256")
    if said is not None or isinstance(opened, CheckpointFolder):
        return bool(said == opened.weights_digest())
    return all(one.equal for one in aligned_tensors(opened, exported) if one.relation != COMPUTED)


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
