"""What an inventory calls fitting is opened by everybody: our decoder, our export, and `transformers`."""

import json
import math
from pathlib import Path
from typing import Any, Final

import pytest
import torch

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.inference.decoder import Decoder
from tests.editing import copy_of, edit_json
from tests.models.foreign_checkpoints import foreign
from tests.models.inference_chain import checkpoint, tokenizer

pytestmark = pytest.mark.usefixtures("one_thread")

ROWS: Final = 512
IDS: Final = [5, 9, 2, 40]
ABSENT: Final = object()
YARN: Final = {"rope_type": "yarn", "factor": 2.0, "rope_theta": 1e4}
LLAMA3: Final = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "rope_theta": 1e4
}  # fmt: skip
FIELDS: Final[dict[str, list[Any]]] = {
    "pad_token_id": [ROWS - 1, ROWS, -1, -ROWS, -ROWS - 1, [1], "0", 1.0, True],
    "bos_token_id": [ROWS, -1, "<s>", [1], [1, 2], None],
    "eos_token_id": [ROWS, -1, [], [0, ROWS], [[1]], ABSENT],
    "num_attention_heads": [3, 8],
    "num_key_value_heads": [3, 0, None, 8],
    "head_dim": [None, 8, ABSENT],
    "rope_parameters": [
        {}, {"rope_type": "foo"}, {"rope_type": None}, {"rope_type": "default", "rope_theta": 5e5}, YARN, LLAMA3,
        YARN | {"original_max_position_embeddings": 256}, {"rope_type": "linear", "factor": 2, "rope_theta": 1e4},
        {"rope_type": "default", "rope_theta": -1.0}, {"rope_type": "default", "rope_theta": "1e4"},
    ],
    "rope_scaling": [{"type": "linear", "factor": 2.0}, {"rope_type": "foo"}, {"rope_type": "default"}],
    "tie_word_embeddings": [False, None, "true", 1, ABSENT],
    "dtype": ["foo", "int8", "auto", "torch.float32", "float8_e4m3fn", "half", "float64", ["float32"], 3, {}],
    "torch_dtype": ["foo", "bfloat16"],
    "intermediate_size": [0, 10],
    "max_position_embeddings": [0, 4, None],
    "rms_norm_eps": [0, 0.0, -1e-6, "1e-6", 1, None, ABSENT],
    "vocab_size": [ROWS + 1, ROWS - 1, "512"],
    "hidden_act": ["gelu", "foo", "SiLU", "swish", None, ABSENT],
    "architectures": [["Qwen2ForCausalLM"], None, [], "LlamaForCausalLM", ["LlamaModel"]],
    "num_hidden_layers": [0, 2.0, -2],
    "attention_bias": [None, "no", 0],
    "mlp_bias": [None],
    "attention_dropout": ["x", 1, None],
    "initializer_range": ["x", 1],
    "use_cache": ["yes", None],
    "pretraining_tp": ["2", 2, None],
    "is_encoder_decoder": [True, "x"],
    "return_dict": [False],
    "id2label": [{"a": "b"}, {"0": "a"}],
    "attn_implementation": ["foo", "sdpa"],
    "_attn_implementation": ["foo", "flash_attention_2"],
    "layer_types": [["foo", "bar"], ["full_attention"], ["full_attention"] * 2, "x"],
    "base_model_tp_plan": [3, {}],
    "attribute_map": [{"hidden_size": "foo"}],
    "partial_rotary_factor": [0.5, 1.0, None],
    "model_type": ["Llama"],
}  # fmt: skip
GENERATION: Final[dict[str, Any]] = {
    "eos_token_id": ROWS, "temperature": -1.0, "cache_implementation": "foo", "max_new_tokens": 0, "num_beams": 0,
    "early_stopping": "foo", "num_return_sequences": 2, "compile_config": {}, "watermarking_config": 3,
}  # fmt: skip


def given(folder: Path) -> Path:
    """A checkpoint with its tokenizer."""
    copy_of(checkpoint(), folder)
    for path in tokenizer().glob("*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def accepted(folder: Path) -> bool:
    try:
        return not account(folder).misfits
    except UnusableInput:
        return False


def opened_by_all(folder: Path) -> None:
    """Same logits of both decoders, a text that `transformers` goes on with, and an export."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    ids_BT = torch.tensor([IDS])  # noqa: N806
    with torch.inference_mode():
        theirs_TV = model.float()(input_ids=ids_BT).logits[0]  # noqa: N806
        model.generate(ids_BT, attention_mask=torch.ones_like(ids_BT), max_new_tokens=1)
    ours_TV = Decoder.open(folder).logits(IDS)  # noqa: N806
    assert math.isclose(
        float((ours_TV - theirs_TV).abs().max()), 0.0, abs_tol=2e-2 * float(theirs_TV.abs().max())
    )
    export_gguf(folder, folder.parent / "a.gguf")


@pytest.mark.parametrize("field", FIELDS)
def test_a_configuration_that_is_accepted_is_opened_by_all(tmp_path: Path, field: str) -> None:
    folder = given(tmp_path / "given")
    sound = json.loads((folder / "config.json").read_text())
    for value in FIELDS[field]:
        changed = sound | {field: value}
        if field == "rope_parameters":
            del changed["rope_theta"]
        if field == "rope_scaling":
            del changed["rope_parameters"]
        kept = {name: one for name, one in changed.items() if one is not ABSENT}
        (folder / "config.json").write_text(json.dumps(kept))
        if accepted(folder):
            opened_by_all(folder)


def test_settings_of_generation_that_are_accepted_are_opened_by_all(tmp_path: Path) -> None:
    folder = given(tmp_path / "given")
    for name, value in GENERATION.items():
        (folder / "generation_config.json").write_text(json.dumps({name: value}))
        if accepted(folder):
            opened_by_all(folder)


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
def test_types_are_those_of_the_configuration_classes(tmp_path: Path, family: str) -> None:
    """Null is another type than absent, where a family's own class says so."""
    folder = foreign(family).write(tmp_path / "given")
    sound = json.loads((folder / "config.json").read_text())
    refused = set()
    for name in (
        "rms_norm_eps",
        "hidden_act",
        "use_cache",
        "attention_dropout",
        "use_sliding_window",
        "sliding_window",
    ):
        (folder / "config.json").write_text(json.dumps(sound | {name: None}))
        if not accepted(folder):
            refused.add(name)
    assert refused == {"rms_norm_eps", "hidden_act", "use_cache", "attention_dropout", "use_sliding_window"}


@pytest.mark.parametrize("usual", ["BF16", "F16"])
@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
def test_norms_in_float32_are_noted_and_read_as_they_are(tmp_path: Path, family: str, usual: str) -> None:
    made = foreign(family, dtype=usual)
    norms = [name for name in made.tensors if "norm" in name]
    for name in norms:
        made.put(name, made.tensors[name][1], "F32")
    found = account(made.write(tmp_path / "theirs"))
    assert found.misfits == ()
    assert f"{len(norms)} tensors are stored as F32, unlike the rest, first {norms[1]}" in " ".join(
        found.notes
    )


def test_doubles_are_one_finding_with_a_cast_for_a_mend(tmp_path: Path) -> None:
    made = foreign("llama")
    for norm in ("model.norm.weight", "model.layers.0.input_layernorm.weight"):
        made.put(norm, (24,), "F64")
    [found] = account(made.write(tmp_path / "theirs")).misfits
    assert (found.kind, found.tensors) == ("dtype", 2)
    assert "model.to(torch.bfloat16)" in found.mend


def test_an_id_beyond_the_vocabulary_is_told_how_it_gets_a_row(tmp_path: Path) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    edit_json(folder / "config.json", eos_token_id=40)
    with pytest.raises(DamagedArtifact, match="not an id below 40") as caught:
        account(folder)
    assert "resize_token_embeddings" in caught.value.mend
