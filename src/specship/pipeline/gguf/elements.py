"""Element types of an export: which one each tensor gets, and its bytes to and from float32.

The arithmetic is that of the `gguf` package, which llama.cpp's own converter uses, so that the bytes
are its bytes.  Source: ggml docs/gguf.md; gguf-py gguf/quants.py and constants.py (LlamaFileType).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from specship.errors import UnusableInput
from specship.pipeline.gguf.format import ELEMENT_TYPES, ElementType

if TYPE_CHECKING:
    import numpy as np

Dtype = Literal["F32", "F16", "BF16", "Q8_0", "Q4_0"]
FILE_TYPES: Final[dict[str, int]] = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 7, "BF16": 32}
"""`general.file_type` by the type of the matrices; vectors are always F32."""
_BY_NAME: Final = {element.name: (number, element) for number, element in ELEMENT_TYPES.items()}


def element_of(dtype: Dtype, shape: Sequence[int]) -> ElementType:
    """The type of one tensor: vectors stay F32, and rows that do not divide into blocks are F16."""
    if len(shape) < 2:
        return _BY_NAME["F32"][1]
    element = _BY_NAME[dtype][1]
    return element if shape[-1] % element.block == 0 else _BY_NAME["F16"][1]


def number_of(element: ElementType) -> int:
    """The number that GGUF gives a type."""
    return _BY_NAME[element.name][0]


def byte_shape(shape: Sequence[int], element: ElementType) -> tuple[int, ...]:
    """A tensor's shape with its last dimension counted in bytes."""
    return (*shape[:-1], shape[-1] // element.block * element.bytes)


def encoded(array: np.ndarray[Any, Any], element: ElementType) -> np.ndarray[Any, Any]:
    """A tensor as bytes of a type: its shape, the last dimension counted in bytes.

    Raises:
        UnusableInput: finite numbers are too large for the type.
    """
    import numpy as np

    match element.name:
        case "F32":
            stored = np.ascontiguousarray(array, dtype="<f4")
        case "F16":
            stored = _halves(array)
        case "BF16":
            stored = _upper_halves(np.ascontiguousarray(array, dtype="<f4"))
        case _:
            stored = _blocks(np.ascontiguousarray(array, dtype="<f4"), element)
    return np.ascontiguousarray(stored).view(np.uint8)


def _halves(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    try:
        with np.errstate(over="raise"):
            return np.ascontiguousarray(array, dtype="<f2")
    except FloatingPointError as error:
        raise _too_large("F16") from error


def _upper_halves(exact: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """bfloat16 of float32, to nearest and to even; a NaN stays one."""
    import numpy as np

    bits = exact.view("<u4")
    rounded = ((bits >> 16) & 1) + 0x7FFF  # at most 0x8000: a NaN may overflow, and is replaced
    rounded += bits
    rounded >>= 16
    kept = rounded.astype("<u2")
    if (undefined := np.isnan(exact)).any():
        kept[undefined] = ((bits[undefined] >> 16) | 64).astype("<u2")
    return kept


def _blocks(exact: np.ndarray[Any, Any], element: ElementType) -> np.ndarray[Any, Any]:
    import gguf
    import numpy as np

    kind = gguf.GGMLQuantizationType(number_of(element))
    with np.errstate(over="ignore", invalid="ignore"):
        stored: np.ndarray[Any, Any] = gguf.quants.quantize(exact, kind)
    scales = np.ascontiguousarray(stored.reshape(-1, element.bytes)[:, :2]).view("<f2")
    if not np.isfinite(scales).all():
        raise _too_large(element.name)
    return stored


def _too_large(name: str) -> UnusableInput:
    return UnusableInput(
        f"the weights hold numbers that {name} cannot store: too large, or not finite",
        why="they would be stored as infinite, and the model would answer nothing, or nonsense",
        mend="export as BF16 or F32; see what the weights hold: specship qa",
    )


def decoded(data: np.ndarray[Any, Any], element: ElementType, shape: Sequence[int]) -> np.ndarray[Any, Any]:
    """Bytes of a type as float32; F16 stays as it is stored.

    Raises:
        UnusableInput: the installed `gguf` package reads no such type.
    """
    import gguf

    if element.name in {"F32", "F16"}:
        return data.view({"F32": "<f4", "F16": "<f2"}[element.name]).reshape(shape)
    rows = data.reshape(byte_shape(shape, element))
    kind = gguf.GGMLQuantizationType(number_of(element))
    try:
        values: np.ndarray[Any, Any] = gguf.quants.dequantize(rows, kind)
    except NotImplementedError as error:
        raise UnusableInput(
            f"tensors of type {element.name} cannot be read here",
            mend="use a file in F32, F16, BF16, Q8_0 or Q4_0",
        ) from error
    return values.reshape(shape)
