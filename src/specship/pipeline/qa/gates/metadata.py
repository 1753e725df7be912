"""Gate 5: every field of the architecture is written down, and no reader has to guess one.

Readers differ in what they take for a missing field (a head size of 128, a rotation base of 10 000),
and each is a model of its own. Fields that every reader derives in the same way may be absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.weight_files import CONFIG
from specship.pipeline.gguf.other_architectures import REQUIRED
from specship.pipeline.model.decoder_shape import DecoderShape
from specship.pipeline.model.other_families import LONGEST, SIZES
from specship.pipeline.qa.gate import QualityGate
from specship.pipeline.qa.records import GateFindings, GateLimits, findings, limit
from specship.pipeline.qa.subject import Subject
from specship.strict_json import read_json

CONFIG_FIELDS: Final = (
    "architectures",
    "model_type",
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "hidden_act",
    "max_position_embeddings",
    "rms_norm_eps",
    "tie_word_embeddings",
    "eos_token_id",
)
"""Fields of `config.json` that any of our families needs; the head size follows, but for Qwen3."""
_GGUF_KEYS: Final = (
    "context_length",
    "embedding_length",
    "block_count",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.layer_norm_rms_epsilon",
    "rope.freq_base",
)
_GGUF_GENERAL: Final = (
    "general.architecture",
    "general.file_type",
    "tokenizer.ggml.model",
    "tokenizer.ggml.pre",
    "tokenizer.ggml.tokens",
    "tokenizer.ggml.token_type",
    "tokenizer.ggml.eos_token_id",
)
_GGUF_TOKENIZER: Final = {"gpt2": ("tokenizer.ggml.merges",), "llama": ("tokenizer.ggml.scores",)}
"""What each kind of tokenizer cuts by."""
_GENERATION: Final = "generation_config.json"
_BASES: Final = (100.0, 1e9)
_EPSILONS: Final = (1e-8, 1e-3)
_UNITS: Final = {
    "fields": "fields",
    "missing": "fields",
    "implausible": "fields",
    "layers": "layers",
    "hidden": "dimensions",
    "heads": "heads",
    "kv_heads": "heads",
    "head_size": "dimensions",
    "context": "tokens",
    "rope_theta": "ratio",
}


def _measure(subject: Subject) -> GateFindings:
    wanted, there = _folder(subject) if subject.is_folder else _gguf(subject)
    missing = [name for name in wanted if name not in there]
    odd: list[str] = []
    try:
        shape = subject.shape
    except UnusableInput as error:
        if not missing:
            raise
        shape = None
        odd.append(error.message)
    figures: dict[str, Any] = {"fields": len(wanted), "missing": len(missing)}
    if shape is not None:
        odd += _odd_ids(subject, shape.vocabulary)
        figures |= {"layers": shape.layers, "hidden": shape.hidden, "heads": shape.heads}
        figures |= {"context": shape.context}
    if isinstance(shape, DecoderShape):
        if not _BASES[0] <= shape.rope_theta <= _BASES[1]:
            odd.append(f"the rotation base is {shape.rope_theta:g}")
        if not _EPSILONS[0] <= shape.rms_eps <= _EPSILONS[1]:
            odd.append(f"the epsilon of the norms is {shape.rms_eps:g}")
        figures |= {"kv_heads": shape.kv_heads, "head_size": shape.head_dim, "rope_theta": shape.rope_theta}
    figures["implausible"] = len(odd)
    notes = (*(f"{name} is missing" for name in missing), *odd)
    return findings(_UNITS, figures, checked="fields", notes=notes)


def _odd_ids(subject: Subject, vocabulary: int) -> Iterator[str]:
    """Ids of a `generation_config.json` that name no row; runners stop at them, whatever the model says."""
    path = subject.path / _GENERATION
    if not subject.is_folder or not path.exists():
        return
    document = read_json(path)
    for name in ("bos_token_id", "eos_token_id"):
        value = document.get(name) if isinstance(document, dict) else None
        for one in value if isinstance(value, list) else [] if value is None else [value]:
            if type(one) is not int or not 0 <= one < vocabulary:
                yield f"{_GENERATION}: {name} names {str(one)[:40]}"


def _folder(subject: Subject) -> tuple[tuple[str, ...], set[str]]:
    document = read_json(subject.path / CONFIG)
    config: dict[str, Any] = document if isinstance(document, dict) else {}
    there = {name for name, value in config.items() if value is not None}
    if subject.is_other:
        return _any_spelling(subject, there)
    rotation = config.get("rope_parameters")
    if "rope_theta" in there or (isinstance(rotation, dict) and rotation.get("rope_theta") is not None):
        there.add("rope_theta")
    if "dtype" in there or "torch_dtype" in there:
        there.add("dtype")
    own = ("head_dim",) if config.get("model_type") == "qwen3" else ()
    return (*CONFIG_FIELDS, "rope_theta", "dtype", *own), there


def _any_spelling(subject: Subject, there: set[str]) -> tuple[tuple[str, ...], set[str]]:
    """Fields of any family that transformers computes; a size has the name that the family gives it."""
    there |= {names[0] for names in SIZES.values() if there & set(names)}
    there |= {"dtype"} if "torch_dtype" in there else set()
    sizes = [names[0] for name, names in SIZES.items() if getattr(subject.shape, name) not in (0, LONGEST)]
    return ("architectures", "model_type", "vocab_size", *sizes, "eos_token_id", "dtype"), there


def _gguf(subject: Subject) -> tuple[tuple[str, ...], set[str]]:
    metadata = subject.gguf.metadata
    architecture = metadata.get("general.architecture")
    wanted = REQUIRED if subject.is_other_gguf else _GGUF_KEYS
    keys = tuple(f"{architecture}.{key}" for key in wanted)
    own = _GGUF_TOKENIZER.get(str(metadata.get("tokenizer.ggml.model")), ())
    return (*_GGUF_GENERAL, *own, *keys), set(metadata)


def _limits(_: Subject) -> GateLimits:
    return {name: limit("fields", equals=0) for name in ("missing", "implausible")}


GATE: Final = QualityGate(number=5, name="metadata", measure=_measure, limits=_limits)
