"""What the families of this package share of a `config.json`: sizes, rotation, tokens, and refusals.

Defaults that are taken are those of `transformers` for all of these families; where the families
disagree the field must be there.
"""

from __future__ import annotations

from typing import Final

from specship.bounds import GGUF_BLOCKS
from specship.errors import UnusableInput
from specship.pipeline.model.config_reading import ConfigReader, shown
from specship.pipeline.model.decoder_shape import Biases, DecoderShape
from specship.pipeline.model.rope_config import read_rotation

_EPSILON: Final = 1e-6
_REFUSED: Final = {
    "num_experts": "a mixture of experts has a router and several feed-forward parts a layer",
    "num_local_experts": "a mixture of experts has a router and several feed-forward parts a layer",
    "n_routed_experts": "a mixture of experts has a router and several feed-forward parts a layer",
    "compression_config": "compressed weights mean nothing without the kernels they were made for",
    "auto_map": "it names code of its author's own, and code that comes with weights is never run",
    "vision_config": "a model that reads pictures has more parts than a decoder",
}
"""Fields that turn the model into something else, and what."""
_QUANTIZERS: Final = {
    "gptq": "GPTQ",
    "awq": "AWQ",
    "bitsandbytes": "bitsandbytes",
    "fp8": "FP8",
    "fbgemm_fp8": "FP8",
    "mxfp4": "MXFP4",
    "hqq": "HQQ",
}
_LOAD: Final = "M.from_pretrained(sys.argv[1]"
_UNDONE: Final = {
    "bitsandbytes": f"AutoModelForCausalLM as M; {_LOAD}).dequantize()",
    "fp8": "AutoModelForCausalLM as M, FineGrainedFP8Config as Q; "
    f"{_LOAD}, quantization_config=Q(dequantize=True))",
    "mxfp4": f"AutoModelForCausalLM as M, Mxfp4Config as Q; {_LOAD}, quantization_config=Q(dequantize=True))",
}
"""How `transformers` writes the weights as numbers again, where it can."""


def read_decoder(
    config: ConfigReader,
    family: str,
    *,
    kv_heads_required: bool = False,
    head_dim_required: bool = False,
    head_norms: bool = False,
    biases: Biases,
) -> DecoderShape:
    """The shape that a configuration of one of the families describes.

    Raises:
        UnusableInput: a feature that the decoder does not have.
        DamagedArtifact: a field is missing or impossible.
    """
    _refuse_features(config)
    hidden, heads = config.count("hidden_size"), config.count("num_attention_heads")
    kv_heads = config.count("num_key_value_heads", None if kv_heads_required else heads)
    split = hidden // heads if hidden % heads == 0 and not head_dim_required else None
    head_dim, layers = config.count("head_dim", split), config.count("num_hidden_layers")
    if heads % kv_heads or head_dim % 2 or layers > GGUF_BLOCKS:
        config.broken(
            f"heads must be a multiple of kv heads, head_dim even, layers at most {GGUF_BLOCKS}; "
            f"they are {heads}, {kv_heads}, {head_dim} and {layers}"
        )
    vocabulary, context = config.count("vocab_size"), config.count("max_position_embeddings")
    theta, scaling = read_rotation(config, context)
    return DecoderShape(
        family=family,
        vocabulary=vocabulary,
        hidden=hidden,
        intermediate=config.count("intermediate_size"),
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        context=context,
        rms_eps=config.positive("rms_norm_eps", _EPSILON),
        rope_theta=theta,
        rope=scaling,
        biases=biases,
        head_norms=head_norms,
        tied=config.flag("tie_word_embeddings"),
        bos_id=next(iter(config.token_ids("bos_token_id", vocabulary)), None),
        eos_ids=config.token_ids("eos_token_id", vocabulary),
        pad_id=_padding(config),
    )


def refuse_sliding_windows(config: ConfigReader) -> None:
    """Refuse a configuration in which a layer sees only the last tokens.

    Raises:
        UnusableInput: one does.
        DamagedArtifact: the kinds of layers are not as many as the layers.
    """
    kinds, layers = config.get("layer_types"), config.count("num_hidden_layers")
    if kinds is not None and (not isinstance(kinds, list) or len(kinds) != layers):
        config.broken(f"layer_types is no list of {layers} kinds")
    if kinds is None:
        window = config.flag("use_sliding_window") and config.get("sliding_window") is not None
        first = config.get("max_window_layers")
        whole = not window or (type(first) is int and first >= layers)
        kinds = [] if whole else ["sliding_attention"]
    else:
        for key in ("use_sliding_window", "sliding_window", "max_window_layers"):
            config.get(key)
    if others := [kind for kind in kinds if kind != "full_attention"]:
        raise UnusableInput(
            f"layers of the kind {shown(others[0])} are in use",
            at=config.path,
            why="this decoder lets every token see all tokens before it, which would be another model",
            mend="use a checkpoint whose use_sliding_window is false",
        )


def _refuse_features(config: ConfigReader) -> None:
    _refuse_quantized(config)
    mend = "use a plain checkpoint of the same family"
    for key, why in _REFUSED.items():
        config.only(key, (None,), why, mend)
    config.only("hidden_act", ("silu", None), "the feed-forward part of this decoder knows silu only", mend)
    config.only("partial_rotary_factor", (None, 1, 1.0), "this decoder turns every dimension of a head", mend)


def _refuse_quantized(config: ConfigReader) -> None:
    if config.get("quantization_config") is None:
        return
    said = config.mapping("quantization_config")
    method = str(said.get("quant_method"))
    bits = 4 if said.get("load_in_4bit") is True else said.get("bits")
    named = _QUANTIZERS.get(method, shown(method)) + (f" to {shown(bits)} bits" if bits else "")
    mend = "use the checkpoint before quantization"
    if undo := _UNDONE.get(method):
        code = f"import sys; from transformers import {undo}.save_pretrained(sys.argv[2])"
        mend += f', or undo it with some loss: python -c "{code}" FOLDER OUT'
    raise UnusableInput(
        f"quantization_config: the weights are quantized by {named}",
        at=config.path,
        why="quantized weights mean nothing without the kernels they were made for",
        mend=mend,
    )


def _padding(config: ConfigReader) -> int | None:
    """Anything that is no id means none: -1 is a common way of saying so."""
    value = config.get("pad_token_id")
    return value if type(value) is int else None
