"""Every tensor of a converted GGUF against the checkpoint that it was made from, in whatever order.

Which tensor is which, the tables of the `gguf` package say, by the names of both sides. What converters do is
tried in turn: as it is, transposed, one added (norms of Gemma), rows in another order, experts stacked; what
none of them explains is a difference, and so is a tensor of the checkpoint that stands nowhere.

Axes: N rows, C columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from specship.errors import UnusableInput
from specship.pipeline.checkpoint.folder import StoredFolder
from specship.pipeline.gguf.elements import FILE_TYPES, decoded, encoded
from specship.pipeline.gguf.reader import GgufFile, GgufTensor

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_EXPERT: Final = re.compile(r"\.experts\.(\d+)\.")
_ENDS: Final = (".weight", ".bias")
NOT_COMPARED: Final = "of names that no table has, so that they were not compared"
MISSING: Final = "missing"
OF_ANOTHER_SIZE: Final = "of another size"
COMPUTED: Final = "computed from the configuration"


@dataclass(frozen=True, slots=True)
class ConvertedTensor:
    """One tensor, and what it is of the checkpoint; `fault` where it is something else."""

    name: str
    relation: str
    fault: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AlignedTensor:
    """A tensor of the file beside what it was made from, in the order in which it fits best."""

    name: str
    sources: tuple[str, ...]
    """Tensors of the checkpoint: several where experts were stacked, none where it was computed."""
    relation: str
    original: Array | None = None
    """Of the checkpoint, in the file's order and shape; None where nothing can be compared."""
    copy: Array | None = None
    """Of the file, dequantized."""
    equal: bool = False
    """Whether it holds the checkpoint's numbers as its own type keeps them."""


def differences(found: Iterable[ConvertedTensor]) -> list[str]:
    """Every fault in words."""
    return [f"{one.name} {one.fault}" for one in found if one.fault]


def compare_converted(opened: StoredFolder, written: GgufFile) -> Iterator[ConvertedTensor]:
    """Each tensor of the file, then each of the checkpoint that none of them is.

    Raises:
        UnusableInput: the installed `gguf` package has no table of the file's architecture.
        DamagedArtifact: bytes of the checkpoint are not what they promise.
    """
    for one in aligned_tensors(opened, written):
        fault = ""
        if one.sources and one.relation == OF_ANOTHER_SIZE:
            fault = f"has shape {list(written.tensors[one.name].shape)}"
        elif one.relation == MISSING:
            fault = "stands nowhere in the file"
        elif one.original is not None and not one.equal:
            fault = f"does not hold the numbers of {one.sources[0]}"
        yield ConvertedTensor(one.name, one.relation, fault)


def aligned_tensors(opened: StoredFolder, written: GgufFile) -> Iterator[AlignedTensor]:
    """Each tensor of the file beside its own, then each of the checkpoint that none of them is.

    Raises:
        UnusableInput: the installed `gguf` package has no table of the file's architecture.
        DamagedArtifact: bytes of the checkpoint are not what they promise.
    """
    names = _names(str(written.metadata.get("general.architecture")), opened.shape.layers)
    sources: dict[str, list[str]] = {}
    unnamed = []
    for name in opened.tensors:
        theirs = names(name)
        if theirs is None:
            unnamed.append(name)
        else:
            sources.setdefault(theirs, []).append(name)
    for name, stored in written.tensors.items():
        if name in sources:
            yield _aligned(opened, written, stored, sorted(sources[name], key=_expert))
        else:
            yield AlignedTensor(name, (), COMPUTED)
    for theirs in sorted(sources.keys() - written.tensors.keys()):
        yield AlignedTensor(sources[theirs][0], tuple(sources[theirs]), MISSING)
    yield from (AlignedTensor(name, (name,), NOT_COMPARED) for name in unnamed)


def _names(architecture: str, layers: int) -> Callable[[str], str | None]:
    """From a name of the checkpoint to the file's."""
    import gguf

    number = next((key for key, said in gguf.MODEL_ARCH_NAMES.items() if said == architecture), None)
    if number is None:
        raise UnusableInput(
            f"the installed gguf package has no names for {architecture!r}", mend="pip install -U gguf"
        )
    table = gguf.get_tensor_name_map(number, max(layers, 1))

    def named(name: str) -> str | None:
        return table.get_name(_EXPERT.sub(".experts.", name), try_suffixes=_ENDS)

    return named


def _expert(name: str) -> int:
    found = _EXPERT.search(name)
    return int(found.group(1)) if found else 0


def _aligned(opened: StoredFolder, written: GgufFile, stored: GgufTensor, names: list[str]) -> AlignedTensor:
    import numpy as np

    arrays = [opened.array(name) for name in names]
    original = arrays[0] if len(arrays) == 1 else np.stack(arrays) if _alike(arrays) else None
    if original is None or original.size != math.prod(stored.shape):
        return AlignedTensor(stored.name, tuple(names), OF_ANOTHER_SIZE)
    copy, nearest = written.array(stored.name), (math.inf, "different", original.reshape(stored.shape))
    for relation, turned in _relations(original, copy.shape, opened.shape.heads):
        if turned.shape != copy.shape:
            continue
        if _equal(turned, copy, stored):
            return AlignedTensor(stored.name, tuple(names), relation, turned, copy, equal=True)
        nearest = min(nearest, (_distance(turned, copy), relation, turned), key=lambda one: one[0])
    return AlignedTensor(stored.name, tuple(names), nearest[1], nearest[2], copy)


def _distance(original: Array, copy: Array) -> float:
    """Norm of the difference; a figure that is not finite is as far as can be."""
    import numpy as np

    apart = float(np.linalg.norm((original.astype(np.float32) - copy).ravel()))
    return apart if math.isfinite(apart) else math.inf


def _alike(arrays: list[Array]) -> bool:
    return len({array.shape for array in arrays}) == 1


def _relations(original: Array, shape: tuple[int, ...], heads: int) -> Iterator[tuple[str, Array]]:
    """What a converter makes of a tensor, in words, and that."""
    from specship.pipeline.model.rotary_order import interleave_rows

    stacked = "stacked experts" if original.ndim > 2 else "equal"
    yield stacked, original
    if original.ndim > 1:
        yield "transposed", original.swapaxes(-1, -2)
    else:
        yield "larger by one", original + original.dtype.type(1)
    for count in sorted({heads, *(n for n in range(1, heads) if heads % n == 0)}, reverse=True):
        if original.ndim <= 2 and original.shape[0] % (2 * count) == 0:
            yield "in the order of pairs", interleave_rows(original, count)
    if original.size == math.prod(shape):
        yield "of another shape", original.reshape(shape)


def _equal(original: Array, copy: Array, stored: GgufTensor) -> bool:
    import numpy as np

    if stored.type.name not in FILE_TYPES:
        return False
    try:
        kept = encoded(np.ascontiguousarray(original), stored.type)
    except UnusableInput:  # the type cannot hold the original, so that nothing equal is stored
        return False
    return bool(np.array_equal(decoded(kept.ravel(), stored.type, copy.shape), copy))


def counted(found: Iterable[ConvertedTensor]) -> Mapping[str, int]:
    """How many tensors are what."""
    counts: dict[str, int] = {}
    for one in found:
        counts[one.relation] = counts.get(one.relation, 0) + 1
    return counts
