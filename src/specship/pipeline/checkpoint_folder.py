"""A checkpoint folder: a plain Hugging Face folder of a Llama decoder, opened with distrust.

    config.json  model.safetensors  tokenizer.json  and whatever else lies beside them

Weights come from safetensors only; pickled weights run code when they are opened. The header and
every shape are checked against the configuration before a tensor is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from specship.bounds import GGUF_BLOCKS, JSON_REPORT_BYTES
from specship.digests import sha256_file
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.safetensors_header import StoredTensor, read_safetensors_header
from specship.strict_json import read_bytes, read_json

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
_NUMPY_DTYPES: Final = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LlamaShape:
    """What `config.json` says of a Llama decoder; every count is at least 1."""

    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    context: int
    rms_eps: float
    rope_theta: float
    tied: bool
    bos_id: int | None
    eos_ids: tuple[int, ...]
    pad_id: int | None


@dataclass(frozen=True, slots=True)
class CheckpointFolder:
    """An opened checkpoint: its shape and where each tensor stands in `model.safetensors`."""

    path: Path
    shape: LlamaShape
    tensors: dict[str, StoredTensor]

    @property
    def weights(self) -> Path:
        """The weights file."""
        return self.path / WEIGHTS

    def weights_digest(self) -> str:
        """Hex sha256 of the weights file."""
        return sha256_file(self.weights)

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """One tensor as float32 or float16; bfloat16 is widened to float32, which loses nothing."""
        import numpy as np

        stored = self.tensors[name]
        raw = np.fromfile(
            self.weights,
            dtype=_NUMPY_DTYPES[stored.dtype],
            count=math.prod(stored.shape),
            offset=stored.offset,
        ).reshape(stored.shape)
        return (raw.astype("<u4") << 16).view("<f4") if stored.dtype == "BF16" else raw

    def tokenizer(self) -> Tokenizer:
        """The tokenizer that lies in the folder.

        Raises:
            DamagedArtifact: there is none, or it cannot be read.
        """
        from tokenizers import Tokenizer

        path = self.path / TOKENIZER
        try:
            return Tokenizer.from_str(read_bytes(path, JSON_REPORT_BYTES).decode("utf-8"))
        except Exception as error:  # the library raises bare Exception
            raise DamagedArtifact(
                f"the tokenizer cannot be read: {error}",
                at=path,
                why="a checkpoint without its tokenizer cannot be evaluated or exported",
                mend="copy tokenizer.json of the training run into the folder",
            ) from error


def open_checkpoint(folder: Path) -> CheckpointFolder:
    """Open a checkpoint folder; nothing is loaded yet.

    Raises:
        UnusableInput: pickled or sharded weights, or an architecture that is not a Llama decoder.
        DamagedArtifact: the configuration or the weights are missing, cut short or contradict each other.
    """
    _refuse_pickle(folder)
    shape = read_shape(folder / CONFIG)
    tensors = read_safetensors_header(folder / WEIGHTS)
    expected = expected_tensors(shape)
    if missing := sorted(expected.keys() - tensors.keys()):
        _contradiction(folder, f"{len(missing)} tensors are missing, first {missing[0]}")
    if surplus := sorted(tensors.keys() - expected.keys()):
        _contradiction(folder, f"{len(surplus)} tensors are not of this architecture, first {surplus[0]}")
    for name, wanted in expected.items():
        stored = tensors[name]
        if stored.shape != wanted:
            _contradiction(
                folder, f"{name} has shape {list(stored.shape)}, the configuration says {list(wanted)}"
            )
        if stored.dtype not in _NUMPY_DTYPES:
            _contradiction(folder, f"{name} is stored as {stored.dtype}; weights are F32, F16 or BF16")
    return CheckpointFolder(folder, shape, tensors)


def expected_tensors(shape: LlamaShape) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor a decoder of this shape has; a tied head is stored once."""
    hidden, inner = shape.hidden, shape.intermediate
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    layer = {
        "input_layernorm.weight": (hidden,),
        "self_attn.q_proj.weight": (queries, hidden),
        "self_attn.k_proj.weight": (keys, hidden),
        "self_attn.v_proj.weight": (keys, hidden),
        "self_attn.o_proj.weight": (hidden, queries),
        "post_attention_layernorm.weight": (hidden,),
        "mlp.gate_proj.weight": (inner, hidden),
        "mlp.up_proj.weight": (inner, hidden),
        "mlp.down_proj.weight": (hidden, inner),
    }
    found: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (shape.vocabulary, hidden),
        "model.norm.weight": (hidden,),
    }
    for index in range(shape.layers):
        found |= {f"model.layers.{index}.{name}": size for name, size in layer.items()}
    if not shape.tied:
        found["lm_head.weight"] = (shape.vocabulary, hidden)
    return found


def read_shape(path: Path) -> LlamaShape:
    """The shape that a `config.json` describes.

    Raises:
        UnusableInput: another architecture, or a feature this decoder does not have.
        DamagedArtifact: missing, unreadable, or a field that is missing or impossible.
    """
    config = read_json(path)
    if not isinstance(config, dict):
        _field(path, "not a JSON object")
    _refuse_other_architectures(config, path)
    hidden, heads = _count(config, "hidden_size", path), _count(config, "num_attention_heads", path)
    kv_heads = _count(config, "num_key_value_heads", path, heads)
    head_dim = _count(config, "head_dim", path, hidden // heads)
    layers = _count(config, "num_hidden_layers", path)
    if heads % kv_heads or head_dim % 2 or layers > GGUF_BLOCKS:
        _field(path, f"heads must be a multiple of kv heads, head_dim even, layers at most {GGUF_BLOCKS}")
    eos = config.get("eos_token_id")
    vocabulary = _count(config, "vocab_size", path)
    ids = [eos] if isinstance(eos, int) else eos or []
    for name, value in [
        ("bos_token_id", config.get("bos_token_id")),
        *[("eos_token_id", one) for one in ids],
    ]:
        if value is not None and not (type(value) is int and 0 <= value < vocabulary):
            _field(path, f"{name} is {str(value)[:40]!r}, not an id below {vocabulary}")
    return LlamaShape(
        vocabulary=vocabulary,
        hidden=hidden,
        intermediate=_count(config, "intermediate_size", path),
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        context=_count(config, "max_position_embeddings", path),
        rms_eps=_positive(config, "rms_norm_eps", path),
        rope_theta=_rope_theta(config, path),
        tied=config.get("tie_word_embeddings") is True,
        bos_id=config.get("bos_token_id"),
        eos_ids=tuple(ids),
        pad_id=config.get("pad_token_id") if type(config.get("pad_token_id")) is int else None,
    )


def _refuse_pickle(folder: Path) -> None:
    if (folder / WEIGHTS).exists():
        return
    for path in sorted(folder.glob("*")):
        if path.suffix in {".bin", ".pt", ".pth", ".pkl", ".ckpt"}:
            raise UnusableInput(
                "pickled weights are not opened",
                at=path,
                why="a pickle runs code of whoever wrote it while it is being read",
                mend="convert it where you trust it: model.save_pretrained(folder) writes model.safetensors",
            )
        if path.name == f"{WEIGHTS}.index.json":
            raise UnusableInput(
                "sharded weights are not opened",
                at=path,
                mend=f"save them as one {WEIGHTS}: model.save_pretrained(folder, max_shard_size='100GB')",
            )


def _refuse_other_architectures(config: dict[str, Any], path: Path) -> None:
    known = {
        "architectures": (["LlamaForCausalLM"],),
        "model_type": ("llama",),
        "hidden_act": ("silu",),
        "attention_bias": (False, None),
        "mlp_bias": (False, None),
        "rope_scaling": (None,),
    }
    for key, allowed in known.items():
        if config.get(key) not in allowed:
            raise UnusableInput(
                f"{key} is {str(config.get(key))[:80]!r}",
                at=path,
                why=f"this decoder knows {allowed[0]!r} only; guessing would load something else",
                mend="use a Llama checkpoint without biases and rope scaling",
            )


def _rope_theta(config: dict[str, Any], path: Path) -> float:
    """Older files say `rope_theta`; newer ones `rope_parameters: {rope_theta, rope_type}`."""
    parameters = config.get("rope_parameters") or {}
    if not isinstance(parameters, dict) or parameters.get("rope_type", "default") != "default":
        raise UnusableInput(
            f"rope_parameters are {str(parameters)[:80]}", at=path, why="only the default rotation is known"
        )
    return _positive(
        {"rope_theta": parameters.get("rope_theta", config.get("rope_theta"))}, "rope_theta", path
    )


def _count(config: dict[str, Any], key: str, path: Path, default: int | None = None) -> int:
    value = config.get(key)
    value = default if value is None else value
    if type(value) is not int or not 1 <= value < 2**31:
        _field(path, f"{key} is {str(value)[:40]!r}, not a count")
    return value


def _positive(config: dict[str, Any], key: str, path: Path) -> float:
    value = config.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        _field(path, f"{key} is {str(value)[:40]!r}, not a number above 0")
    return float(value)


def _field(path: Path, message: str) -> NoReturn:
    raise DamagedArtifact(
        message,
        at=path,
        why="every architecture field must be inside the checkpoint; nothing is guessed",
        mend="write the checkpoint again with its full configuration",
    )


def _contradiction(folder: Path, message: str) -> NoReturn:
    raise DamagedArtifact(
        message,
        at=folder / WEIGHTS,
        why=f"the weights and {CONFIG} do not describe the same model",
        mend="take both files from the same checkpoint",
    )
