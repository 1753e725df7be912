"""The decode step compiled for this processor by the C compiler that is here, for one sequence.

Sums are float32 whatever the weights are, so that bfloat16 weights give the logits of their float32 copies,
to the order of sums.  Nothing is kept between processes: compiling takes about a second, and a library that
lies in a folder of answers could be anybody's.

Axes: V vocabulary.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar, Final

import torch
from torch import Tensor

from specship.pipeline.inference.decoder_weights import DecoderWeights, LayerWeights
from specship.pipeline.inference.native_source import SOURCE

_COMPILERS: Final = ("cc", "gcc", "clang")
_FLAGS: Final = (
    *("-std=gnu11", "-O3", "-march=native", "-fopenmp", "-fPIC", "-shared", "-x", "c"),
    # What lets sums become vectors.  Not -ffast-math: that alters denormals for the whole process.
    *("-fno-math-errno", "-fno-trapping-math", "-fassociative-math", "-fno-signed-zeros"),
)
_SECONDS: Final = 60
_HUGE: Final = 1 << 21
_COLLAPSE: Final = 25  # MADV_COLLAPSE of linux/mman.h
_TYPES: Final = {torch.float32: 0, torch.bfloat16: 1}
_POINTERS: Final = (
    *("norm", "qkv", "qkv_bias", "head_norms", "out", "out_bias", "mlp_norm", "gate_up", "gate_up_bias"),
    *("down", "down_bias", "cache"),
)
_SIZES: Final = (
    *("layers", "hidden", "inner", "heads", "kv_heads", "head_dim", "vocabulary"),
    *("context", "type", "threads", "widest"),
)
_BUFFERS: Final = ("embedding", "head", "norm", "turns", "x", "y", "seen", "logits", "own")


class _NativeLayer(ctypes.Structure):
    _fields_: ClassVar = [(name, ctypes.c_void_p) for name in _POINTERS]


class _NativeModel(ctypes.Structure):
    _fields_: ClassVar = [
        *((name, ctypes.c_int64) for name in _SIZES),
        ("eps", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in _BUFFERS),
        ("layer", ctypes.POINTER(_NativeLayer)),
    ]


@functools.cache
def native_library() -> ctypes.CDLL | None:
    """The compiled step; None where no compiler here makes it."""
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(prefix="specship-") as folder:
        made = Path(folder) / "step.so"
        try:
            subprocess.run(  # noqa: S603 - our own source and flags
                [compiler, *_FLAGS, "-o", str(made), "-", "-lm"],
                input=SOURCE.encode(),
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            )
            library = ctypes.CDLL(str(made))
        except (OSError, subprocess.SubprocessError):
            return None
    library.step.argtypes = [ctypes.POINTER(_NativeModel), ctypes.c_int64, ctypes.c_int64]
    library.step.restype = None
    return library


class NativeStep:
    """Weights and buffers as the compiled step takes them; tensors are held, so that their memory stays."""

    def __init__(
        self,
        library: ctypes.CDLL,
        weights: DecoderWeights,
    ) -> None:
        """Matrices are all of one type, float32 or bfloat16."""
        shape = weights.shape
        queries = shape.heads * shape.head_dim
        widest = max(shape.hidden, shape.intermediate, queries)
        threads, context = torch.get_num_threads(), len(weights.turns_SD)
        joined = max(2 * shape.intermediate, queries + 2 * shape.kv_heads * shape.head_dim, shape.hidden)
        self.logits_V = torch.empty(shape.vocabulary)
        held: dict[str, Tensor] = {
            "embedding": weights.embedding_VC,
            "head": weights.head_VC,
            "norm": weights.norm_C,
            "turns": torch.view_as_real(weights.turns_SD).contiguous(),
            "x": torch.empty(shape.hidden),
            "y": torch.empty(joined),
            "seen": torch.empty(widest),
            "logits": self.logits_V,
            "own": torch.empty(threads, 2 * widest + context),
        }
        layers = [_pointed(layer) for layer in weights.layers]
        for tensor in (weights.embedding_VC, weights.head_VC, *itertools.chain(*layers)):
            if tensor is not None:
                _in_huge_pages(tensor)
        self._held: list[Any] = [held, layers]
        self._step = library.step
        rows = (_NativeLayer * shape.layers)(*(_NativeLayer(*map(_address, layer)) for layer in layers))
        self._model = _NativeModel(
            layers=shape.layers,
            hidden=shape.hidden,
            inner=shape.intermediate,
            heads=shape.heads,
            kv_heads=shape.kv_heads,
            head_dim=shape.head_dim,
            vocabulary=shape.vocabulary,
            context=context,
            type=_TYPES[weights.head_VC.dtype],
            threads=threads,
            widest=widest,
            eps=shape.rms_eps,
            **{name: _address(tensor) for name, tensor in held.items()},
            layer=rows,
        )

    def __call__(self, token_id: int, at: int) -> Tensor:
        """`logits_V` after a token at position `at`; the next call writes into the same memory."""
        self._step(ctypes.byref(self._model), token_id, at)
        return self.logits_V


def _pointed(layer: LayerWeights) -> tuple[Tensor | None, ...]:
    """A layer's tensors in the order of the C structure."""
    return (
        *(layer.norm_C, layer.qkv_NC, layer.qkv_bias_N, layer.head_norms_HD, layer.out_CN.t()),
        *(layer.out_bias_C, layer.mlp_norm_C, layer.gate_up_NC, layer.gate_up_bias_N, layer.down_NC.t()),
        *(layer.down_bias_C, layer.cache_2KSD),
    )


def _in_huge_pages(tensor: Tensor) -> None:
    """Ask Linux for pages of 2 MiB where a matrix lies: reading it then waits less for their places."""
    begin = -(-tensor.data_ptr() // _HUGE) * _HUGE
    whole = (tensor.data_ptr() + tensor.nbytes - begin) // _HUGE * _HUGE
    if whole > 0 and sys.platform == "linux":
        advise = ctypes.CDLL(None).madvise  # a kernel that does not know it refuses, and nothing is lost
        advise(ctypes.c_void_p(begin), ctypes.c_size_t(whole), _COLLAPSE)


def _address(tensor: Tensor | None) -> int | None:
    if tensor is None:
        return None
    assert tensor.is_contiguous()  # noqa: S101 - the C code counts on it
    return tensor.data_ptr()
