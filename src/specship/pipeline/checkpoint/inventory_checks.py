"""What of a stored checkpoint does not fit its configuration: names, shapes, types, a head stored twice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.weight_files import HeldTensor, Misfit, StoredWeights
from specship.pipeline.checkpoint.wrapped_names import quantized
from specship.pipeline.model.decoder_shape import HEAD, DecoderShape, TensorTable
from specship.pipeline.model.reading import DeclaredModel
from specship.strict_json import open_regular

WEIGHT_DTYPES: Final = ("F32", "F16", "BF16")
_CHUNK_BYTES: Final = 1 << 20
_CAST: Final = "cast it and save again: model.to(torch.bfloat16).save_pretrained(OUT)"
_SAME: Final = "take the weights and config.json from the same checkpoint"


def tensor_misfits(model: DeclaredModel, weights: StoredWeights, redundant: frozenset[str]) -> list[Misfit]:
    """Every tensor that is missing, unexpected, of another shape or of another type."""
    if stored := quantized(weights):
        return [stored]
    return [
        *_misnamed(model, weights, redundant),
        *_misshapen(model, weights),
        *_mistyped(model, weights),
    ]


def _misnamed(model: DeclaredModel, weights: StoredWeights, redundant: frozenset[str]) -> Iterator[Misfit]:
    expected = model.tensors()
    known = {one.name for one in weights.misfits if one.kind == "index"} | weights.absent
    for name in sorted(expected.keys() - weights.tensors.keys() - known):
        untied = (
            "set tie_word_embeddings to true if the head is the embedding" if name.endswith(HEAD) else _SAME
        )
        yield Misfit("missing", name, f"is not stored; it has shape {list(expected[name])}", untied)
    allowed = expected.keys() | redundant | model.tied.keys()
    for name in sorted(weights.tensors.keys() - allowed):
        held = weights.tensors[name]
        yield Misfit(
            "unexpected",
            name,
            f"is stored in {held.file} and belongs to no {model.model_type} like this",
            _SAME,
        )


def _misshapen(model: DeclaredModel, weights: StoredWeights) -> Iterator[Misfit]:
    for name, wanted in sorted(_with_head(model).items()):
        held = weights.tensors.get(name)
        if held is None or held.stored.shape == wanted:
            continue
        turned = held.stored.shape == wanted[::-1]
        yield Misfit(
            "shape",
            name,
            f"has shape {_short(held.stored.shape)}, the configuration says {list(wanted)}"
            + ("; it was transposed" if turned else ""),
            "store it transposed" if turned else _SAME,
        )


def _short(shape: tuple[int, ...]) -> str:
    return str(list(shape[:8])) if len(shape) <= 8 else f"of {len(shape)} dimensions"


def _with_head(model: DeclaredModel) -> TensorTable:
    """The table, and tied tensors in the shape of those that they are."""
    table = model.tensors()
    return table | {name: table[of] for name, of in model.tied.items() if of in table}


def _mistyped(model: DeclaredModel, weights: StoredWeights) -> Iterator[Misfit]:
    """Types that hold no weights; tensors may differ in type among themselves, as in any other reader."""
    odd: dict[str, list[str]] = {}
    for name in sorted(_with_head(model).keys() & weights.tensors.keys()):
        if (dtype := weights.tensors[name].stored.dtype) not in WEIGHT_DTYPES:
            odd.setdefault(dtype, []).append(name)
    for dtype, names in odd.items():
        more = f", like {len(names) - 1} more" if len(names) > 1 else ""
        said = f"is stored as {dtype}{more}; weights are F32, F16 or BF16"
        mend = _CAST if dtype == "F64" else "save the checkpoint without quantization"
        yield Misfit("dtype", names[0], said, mend, len(names))


def rarer_types(weights: StoredWeights) -> dict[str, list[str]]:
    """Names of the tensors of each element type but the commonest: trainers keep norms in float32."""
    names: dict[str, list[str]] = {}
    for name, held in sorted(weights.tensors.items()):
        names.setdefault(held.stored.dtype, []).append(name)
    names = {dtype: listed for dtype, listed in names.items() if dtype in WEIGHT_DTYPES}
    usual = max(
        names, default="", key=lambda dtype: sum(weights.tensors[name].stored.size for name in names[dtype])
    )
    return {dtype: listed for dtype, listed in names.items() if dtype != usual}


def redundant_tensors(
    folder: Path, model: DeclaredModel, weights: StoredWeights
) -> tuple[frozenset[str], list[Misfit]]:
    """Stored tensors that may be left out, and a head that may not."""
    found = {name for name, held in weights.tensors.items() if _is_derived(model, name, held)}
    misfits = []
    for name, of in model.tied.items():
        tied, other = weights.tensors.get(name), weights.tensors.get(of)
        if tied is None or other is None:
            continue
        if _same_bytes(folder, tied, other):
            found.add(name)
            continue
        said = f"is declared to be {of}, and is stored with other bytes"
        mend = "set tie_word_embeddings to false if the head was trained apart; else remove it"
        misfits.append(Misfit("head", name, said, mend))
    return frozenset(found), misfits


def _is_derived(model: DeclaredModel, name: str, held: HeldTensor) -> bool:
    """Whether a tensor follows from the configuration, and is stored by older writers."""
    if name in model.tensors() or not any(re.search(pattern, name) for pattern in model.redundant):
        return False
    shape = model.shape
    return not isinstance(shape, DecoderShape) or held.stored.shape == (shape.head_dim // 2,)


def _same_bytes(folder: Path, one: HeldTensor, other: HeldTensor) -> bool:
    if (one.stored.dtype, one.stored.shape) != (other.stored.dtype, other.stored.shape):
        return False
    first, second = (tensor_digest(folder, held) for held in (one, other))
    return first == second


def tensor_digest(folder: Path, held: HeldTensor) -> str:
    """Hex sha256 of the bytes of one tensor.

    Raises:
        DamagedArtifact: as `tensor_bytes`.
    """
    digest = hashlib.sha256()
    for chunk in tensor_bytes(folder, held):
        digest.update(chunk)
    return digest.hexdigest()


def tensor_bytes(folder: Path, held: HeldTensor) -> Iterator[bytes]:
    """The bytes of one tensor, a piece at a time.

    Raises:
        DamagedArtifact: the file was cut since its header was read.
    """
    path, left = folder / held.file, held.stored.size
    with open_regular(path) as (file, _):
        file.seek(held.stored.offset)
        while left:
            chunk = file.read(min(left, _CHUNK_BYTES))
            if not chunk:
                raise DamagedArtifact(
                    f"{held.stored.name} ends early", at=path, why="the file changed while it was read"
                )
            left -= len(chunk)
            yield chunk
