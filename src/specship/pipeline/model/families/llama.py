"""Llama: no biases unless the configuration asks for them; heads need not split the hidden size.

Source: Touvron et al. 2023 (arXiv:2302.13971); `transformers`, models/llama.
"""

from __future__ import annotations

from typing import Final

from specship.pipeline.model.config_reading import ConfigReader
from specship.pipeline.model.decoder_config import read_decoder
from specship.pipeline.model.decoder_shape import Biases, DecoderShape
from specship.pipeline.model.family import Family


def _read(config: ConfigReader) -> DecoderShape:
    attention = config.flag("attention_bias")
    biases = Biases(query_key_value=attention, output=attention, feed_forward=config.flag("mlp_bias"))
    return read_decoder(config, "llama", biases=biases)


FAMILY: Final = Family(architecture="LlamaForCausalLM", read=_read)
