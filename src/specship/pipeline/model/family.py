"""A family of decoders.

A family is one file under `families/` with a `FAMILY`; its file's name is its `model_type`. Nothing
else is edited to add one: `reading` finds it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from specship.pipeline.model.config_reading import ConfigReader
from specship.pipeline.model.decoder_shape import DecoderShape, TensorTable, expected_tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family: the class name its files carry, its reader, and its table of tensors."""

    architecture: str
    read: Callable[[ConfigReader], DecoderShape]
    tensors: Callable[[DecoderShape], TensorTable] = expected_tensors
