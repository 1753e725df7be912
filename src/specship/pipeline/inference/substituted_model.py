"""A model of which some tensors, or its shape, are replaced; the rest is asked of the model it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from specship.pipeline.inference.open_model import OpenModel, Stored
from specship.pipeline.model.decoder_shape import DecoderShape

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class SubstitutedModel:
    """A model with other weights or another shape, computed when they are asked for."""

    base: OpenModel
    shape: DecoderShape
    tensors: Mapping[str, Stored]
    replaced: Mapping[str, np.ndarray[Any, Any]]
    """Arrays by tensor name; may be a mapping that computes them."""

    @classmethod
    def of(cls, base: OpenModel, replaced: Mapping[str, np.ndarray[Any, Any]]) -> SubstitutedModel:
        """The model with other arrays; names, shapes and sizes stay."""
        return cls(base, base.shape, base.tensors, replaced)

    @property
    def path(self) -> Path:
        """Of the model it was made from."""
        return self.base.path

    @property
    def engine(self) -> str:
        """As for the model it was made from."""
        return self.base.engine

    @property
    def kind(self) -> str:
        """As the rest of it is stored."""
        return self.base.kind

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """A replaced tensor, or the original one."""
        try:  # not `in`: asking a lazy mapping computes the tensor
            return self.replaced[name]
        except KeyError:
            return self.base.array(name)

    def tokenizer(self) -> Tokenizer:
        """That of the original."""
        return self.base.tokenizer()

    def weights_digest(self) -> str:
        """That of the original; nothing of this is ever written."""
        return self.base.weights_digest()
