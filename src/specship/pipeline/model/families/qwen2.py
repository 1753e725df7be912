"""Qwen2 and Qwen2.5: a Llama with biases on queries, keys and values, and none elsewhere.

`num_key_value_heads` must be there: a reader that fills it in takes 32, whatever the heads are.
Source: Yang et al. 2024 (arXiv:2407.10671); `transformers`, models/qwen2.
"""

from __future__ import annotations

from typing import Final

from specship.pipeline.model.config_reading import ConfigReader
from specship.pipeline.model.decoder_config import read_decoder, refuse_sliding_windows
from specship.pipeline.model.decoder_shape import Biases, DecoderShape
from specship.pipeline.model.family import Family


def _read(config: ConfigReader) -> DecoderShape:
    refuse_sliding_windows(config)
    return read_decoder(config, "qwen2", kv_heads_required=True, biases=Biases(query_key_value=True))


FAMILY: Final = Family(architecture="Qwen2ForCausalLM", read=_read)
