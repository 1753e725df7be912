"""Names of tensors in a GGUF, held against the table of the `gguf` package; and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gguf as library
import pytest

from specship.errors import UnusableInput
from specship.pipeline.gguf.names import architecture_of, renamed_tensors
from specship.pipeline.model.decoder_shape import Biases, DecoderShape, RopeScaling, expected_tensors

LLAMA = DecoderShape(
    vocabulary=40,
    hidden=24,
    intermediate=20,
    layers=2,
    heads=6,
    kv_heads=2,
    head_dim=4,
    context=64,
    rms_eps=1e-5,
    rope_theta=1e4,
    tied=False,
    bos_id=None,
    eos_ids=(),
    pad_id=None,
)
EVERY_BIAS = Biases(query_key_value=True, output=True, feed_forward=True)
QKV_BIAS = Biases(query_key_value=True)
SHAPES = {
    "llama": LLAMA,
    "llama with biases": replace(LLAMA, biases=EVERY_BIAS, head_dim=8),
    "llama3 scaling": replace(LLAMA, rope=RopeScaling(kind="llama3", factor=8.0)),
    "tied llama": replace(LLAMA, tied=True),
    "qwen2": replace(LLAMA, family="qwen2", biases=QKV_BIAS),
    "qwen3": replace(LLAMA, family="qwen3", head_norms=True, head_dim=8),
    "qwen3 with biases": replace(LLAMA, family="qwen3", head_norms=True, biases=QKV_BIAS),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_tensor_has_the_name_that_llama_cpps_own_table_gives_it(shape: DecoderShape) -> None:
    kind = next(arch for arch, name in library.MODEL_ARCH_NAMES.items() if name == shape.family)
    table = library.get_tensor_name_map(kind, shape.layers)
    renamed = {tensor.checkpoint: tensor.gguf for tensor in renamed_tensors(shape)}
    assert renamed.keys() == expected_tensors(shape).keys()
    for ours, theirs in renamed.items():
        assert table.get_name(ours, try_suffixes=(".weight", ".bias")) == theirs
    assert architecture_of(shape, Path("folder")).name == shape.family


def test_only_llama_turns_pairs() -> None:
    reordered = {
        name: {
            tensor.gguf.removeprefix("blk.1."): tensor.heads
            for tensor in renamed_tensors(shape)
            if tensor.heads and "blk.1." in tensor.gguf
        }
        for name, shape in SHAPES.items()
    }
    assert reordered["llama"] == {"attn_q.weight": 6, "attn_k.weight": 2}
    assert reordered["llama with biases"] == reordered["llama"] | {"attn_q.bias": 6, "attn_k.bias": 2}
    assert reordered["qwen2"] == reordered["qwen3"] == reordered["qwen3 with biases"] == {}


REFUSED = {
    "another family": (replace(LLAMA, family="gemma"), "no architecture for the family 'gemma'"),
    "qwen3, output bias": (
        replace(SHAPES["qwen3"], biases=Biases(output=True)),
        "no bias on the attention's",
    ),
    "qwen2, feed-forward bias": (replace(SHAPES["qwen2"], biases=EVERY_BIAS), "has no bias"),
    "llama, head norms": (replace(LLAMA, head_norms=True), "does not norm heads"),
    "qwen2, llama3": (replace(SHAPES["qwen2"], rope=RopeScaling(kind="llama3")), "rope scaling of the type"),
    "qwen2, large heads": (replace(SHAPES["qwen2"], head_dim=8), "6 heads of 8 are not 24"),
}


@pytest.mark.parametrize(("shape", "message"), REFUSED.values(), ids=REFUSED)
def test_what_llama_cpp_cannot_hold_is_refused(shape: Any, message: str) -> None:
    with pytest.raises(UnusableInput, match=message) as caught:
        architecture_of(shape, Path("folder"))
    assert caught.value.why
    assert caught.value.mend
