"""What the families of this package share of a `config.json`: sizes, rotation, tokens, and refusals.

Defaults that are taken are those of `transformers` for all of these families; where the families
disagree the field must be there.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

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
_BACKENDS: Final = (
    (None, "eager", "sdpa"),
    "the library that it names may not be here; a reader chooses one",
)
_REFUSED_BUT: Final[dict[str, tuple[tuple[Any, ...], str]]] = {
    "is_encoder_decoder": ((None, False), "a decoder alone writes text from tokens alone"),
    "return_dict": (
        (None, True),
        "without it, parts of the model in transformers do not understand each other",
    ),
    "attn_implementation": _BACKENDS,
    "_attn_implementation": _BACKENDS,
    "attribute_map": ((None,), "it would make other fields of those that are read"),
}
"""Fields with values that are fine, and why others are not."""
_SILU: Final = ("silu", "swish")
_STRETCHED: Final = ("dynamic", "longrope")
"""Rotations that depend on how long a text is."""
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "rms_norm_eps": (float,),
    "initializer_range": (float,),
    "hidden_act": (str,),
    "use_cache": (bool,),
    "chunk_size_feed_forward": (int,),
    "base_model_tp_plan": (dict, type(None)),
}
"""Fields that `transformers` holds against a type (configuration classes of all our families)."""
_KINDS_OF_LLAMA: Final[dict[str, tuple[type, ...]]] = {
    "attention_dropout": (float, int, type(None)),
    "pretraining_tp": (int, type(None)),
}
_KINDS_OF_OTHERS: Final[dict[str, tuple[type, ...]]] = {"attention_dropout": (float, int)}
_DTYPES: Final = {None, "float32", "float16", "bfloat16", "float64", "float", "half", "double"}
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
    _refuse_unreadable(config, family)
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
        bos_id=config.token_id("bos_token_id", vocabulary),
        eos_ids=config.token_ids("eos_token_id", vocabulary),
        pad_id=config.token_id("pad_token_id", vocabulary, none=-vocabulary),
    )


def has_other_forms(config: ConfigReader) -> bool:
    """Whether a configuration names a form that transformers computes and this decoder does not.

    An activation other than silu, layers with a window, rotations that depend on the length of the text.
    """
    values = config.values()
    activation, kinds = values.get("hidden_act"), values.get("layer_types")
    rotations = [
        one for key in ("rope_parameters", "rope_scaling") if isinstance(one := values.get(key), dict)
    ]
    return (
        (isinstance(activation, str) and activation not in _SILU)
        or values.get("use_sliding_window") is True
        or (isinstance(kinds, list) and "sliding_attention" in kinds)
        or any(one.get("rope_type", one.get("type")) in _STRETCHED for one in rotations)
    )


def refuse_sliding_windows(config: ConfigReader) -> None:
    """Refuse a configuration in which a layer sees only the last tokens; `layer_types` counts where it is.

    Raises:
        UnusableInput: one does.
    """
    in_use, window = config.flag("use_sliding_window"), config.get("sliding_window")
    first, layers = config.get("max_window_layers"), config.count("num_hidden_layers")
    whole = type(first) is int and first >= layers
    if config.get("layer_types") is None and in_use and window is not None and not whole:
        _refuse_layers(config, "sliding_attention")


def _refuse_features(config: ConfigReader) -> None:
    refuse_quantized(config)
    mend = "use a plain checkpoint of the same family"
    for key, why in _REFUSED.items():
        config.only(key, (None,), why, mend)
    for key, (values, why) in _REFUSED_BUT.items():
        config.only(key, values, why, f"remove {key} from config.json")
    silu = ("silu", "swish", None)
    config.only("hidden_act", silu, "the feed-forward part of this decoder knows silu only", mend)
    config.only("partial_rotary_factor", (None, 1, 1.0), "this decoder turns every dimension of a head", mend)


def _refuse_unreadable(config: ConfigReader, family: str) -> None:
    """Fields that change nothing here, in a state in which `transformers` opens no model."""
    config.kinds(_KINDS | (_KINDS_OF_LLAMA if family == "llama" else _KINDS_OF_OTHERS))
    for key in ("dtype", "torch_dtype"):
        if (said := config.get(key)) is not None and (not isinstance(said, str) or said not in _DTYPES):
            config.broken(f"{key} is {shown(said)}, no type that weights can be computed in")
    labels = config.mapping("id2label")
    if not all(number.isdecimal() for number in labels):
        config.broken(f"id2label has the key {shown(next(iter(labels)))}, not a number")
    kinds, layers = config.get("layer_types"), config.count("num_hidden_layers")
    if kinds is not None and (not isinstance(kinds, list) or len(kinds) != layers):
        config.broken(f"layer_types is no list of {layers} kinds")
    if others := [kind for kind in kinds or () if kind != "full_attention"]:
        _refuse_layers(config, others[0])


def _refuse_layers(config: ConfigReader, kind: Any) -> NoReturn:
    raise UnusableInput(
        f"layers of the kind {shown(kind)} are in use",
        at=config.path,
        why="this decoder lets every token see all tokens before it, which would be another model",
        mend="use a checkpoint whose use_sliding_window is false",
    )


def refuse_quantized(config: ConfigReader) -> None:
    """Refuse a checkpoint whose weights are codes of a quantizer, and say which and how it is undone.

    Raises:
        UnusableInput: `quantization_config` says so.
    """
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
