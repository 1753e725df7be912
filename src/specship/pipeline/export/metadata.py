"""What a GGUF says of the model apart from its tokenizer: what it is, where it comes from, its sizes.

Nothing is left to a reader's defaults. Where llama.cpp reads no key for a number, another number than
the one it takes is refused.
Source: ggml docs/gguf.md; llama.cpp, conversion/base.py, src/llama-model.cpp (load_hparams).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.gguf.keys import GgufKey, count, decimal, text
from specship.pipeline.model.decoder_shape import DecoderShape, RopeScaling

SOURCE_DIGEST_KEY: Final = "specship.checkpoint.weights_sha256"
_QUANTIZATION_VERSION: Final = 2
"""Of the blocks' layout (GGML_QNT_VERSION)."""
_TURNS: Final = (32.0, 1.0)
"""`beta_fast` and `beta_slow` of llama.cpp, which reads no others for these architectures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What people want to know of a file."""

    name: str
    licence: str = ""
    """SPDX expression; empty where none was given."""
    sources: Sequence[str] = ()
    """Where the training text came from."""
    base_model: str = ""
    """The checkpoint that it was taken over from; empty where it was trained here."""
    weights_digest: str
    """Of the weights that it was made from."""
    parameters: int
    """Numbers in all of its tensors."""


def general_keys(architecture: str, file_type: int, about: About) -> list[GgufKey]:
    """Keys that every model has, the architecture's name first."""
    found = [
        text("general.architecture", architecture),
        text("general.type", "model"),
        text("general.name", about.name),
        text("general.size_label", size_label(about.parameters)),
        count("general.file_type", file_type),
        count("general.quantization_version", _QUANTIZATION_VERSION),
        text(SOURCE_DIGEST_KEY, about.weights_digest),
    ]
    if about.licence:
        found.append(text("general.license", about.licence))
    if about.base_model:
        found += [count("general.base_model.count", 1), text("general.base_model.0.name", about.base_model)]
    if about.sources:
        found.append(count("general.dataset.count", len(about.sources)))
        found += [text(f"general.dataset.{at}.name", source) for at, source in enumerate(about.sources)]
    return found


def size_label(parameters: int) -> str:
    """A count of parameters as model names have it, with two digits at least: 0.82M, 7B, 13B."""
    power, suffix = next(
        (
            (10.0**-zeros, suffix)
            for zeros, suffix in ((12, "T"), (9, "B"), (6, "M"))
            if parameters > 10**zeros
        ),
        (1e-3, "K"),
    )
    scaled = parameters * power
    digits = len(str(round(scaled)).lstrip("0"))
    return f"{scaled:.{max(2 - digits, 0)}f}{suffix}"


def architecture_keys(architecture: str, shape: DecoderShape, at: Path) -> list[GgufKey]:
    """Sizes and constants of a decoder, each key with the architecture's name in front.

    Raises:
        UnusableInput: a constant that llama.cpp has no key for; `at` is what the refusal names.
    """
    found = [
        count("context_length", shape.context),
        count("embedding_length", shape.hidden),
        count("block_count", shape.layers),
        count("feed_forward_length", shape.intermediate),
        count("attention.head_count", shape.heads),
        count("attention.head_count_kv", shape.kv_heads),
        count("attention.key_length", shape.head_dim),
        count("attention.value_length", shape.head_dim),
        decimal("attention.layer_norm_rms_epsilon", shape.rms_eps),
        count("rope.dimension_count", shape.head_dim),
        decimal("rope.freq_base", shape.rope_theta),
        count("vocab_size", shape.vocabulary),
        *_scaling_keys(shape.rope, at),
    ]
    return [GgufKey(f"{architecture}.{key.name}", key.kind, key.value) for key in found]


def _scaling_keys(rope: RopeScaling, at: Path) -> Iterator[GgufKey]:
    """Keys of a stretched rotation; the factors of `llama3` are a tensor instead."""
    if rope.kind in {"linear", "yarn"}:
        yield text("rope.scaling.type", rope.kind)
        yield decimal("rope.scaling.factor", rope.factor)
    if rope.kind != "yarn":
        return
    if (rope.beta_fast, rope.beta_slow) != _TURNS:
        raise UnusableInput(
            f"yarn's beta_fast and beta_slow are {rope.beta_fast:g} and {rope.beta_slow:g}",
            at=at,
            why="llama.cpp takes {:g} and {:g} for this architecture whatever the file says".format(*_TURNS),
            mend="use the checkpoint in its own format; `specship run` takes it as it is",
        )
    yield count("rope.scaling.original_context_length", rope.original_context)
    yield decimal("rope.scaling.yarn_beta_fast", rope.beta_fast)
    yield decimal("rope.scaling.yarn_beta_slow", rope.beta_slow)
    own = 0.1 * math.log(max(rope.factor, 1.0)) + 1.0
    if not math.isclose(rope.attention_factor, own, rel_tol=1e-6):
        # llama.cpp lengthens queries and keys by its own rule, and by this on top of it.
        yield decimal("rope.scaling.attn_factor", rope.attention_factor / own)
