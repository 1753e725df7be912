"""Qwen3, dense: each query and key head is normed before it is turned; biases only where asked for.

`head_dim` must be there: a reader that fills it in takes 128, whatever the hidden size is.
Source: Yang et al. 2025 (arXiv:2505.09388); `transformers`, models/qwen3.
"""

from __future__ import annotations

from typing import Final

from specship.pipeline.model.config_reading import ConfigReader
from specship.pipeline.model.decoder_config import read_decoder, refuse_sliding_windows
from specship.pipeline.model.decoder_shape import Biases, DecoderShape
from specship.pipeline.model.family import Family


def _read(config: ConfigReader) -> DecoderShape:
    refuse_sliding_windows(config)
    attention = config.flag("attention_bias")
    return read_decoder(
        config,
        "qwen3",
        kv_heads_required=True,
        head_dim_required=True,
        head_norms=True,
        biases=Biases(query_key_value=attention, output=attention),
    )


FAMILY: Final = Family(architecture="Qwen3ForCausalLM", read=_read)
