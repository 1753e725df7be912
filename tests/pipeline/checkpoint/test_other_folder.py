"""Folders of families that transformers computes: its own table holds every tensor, and a folder is opened once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.checkpoint.other_folder import open_other_folder
from specship.pipeline.model.transformers_process import TransformersProcess
from tests.models.foreign_checkpoints import foreign
from tests.models.other_families import CONFIGS, other
from tests.models.trained_checkpoint import copied, edit_config, put, tensors


@pytest.fixture(scope="module")
def process() -> Any:
    """One process for every folder of this file: what it says of one does not touch the next."""
    made = TransformersProcess("tests")
    yield made
    made.close()


LONG = pytest.mark.slow


@pytest.mark.parametrize(
    "family", ["gpt2", "qwen3_moe", *(pytest.param(name, marks=LONG) for name in CONFIGS)]
)
def test_every_tensor_of_a_saved_model_is_called_for(family: str, process: TransformersProcess) -> None:
    found = account(other(family), process=process)
    assert found.misfits == ()
    assert found.model.engine.startswith("transformers ")
    assert found.model.tensors().keys() == found.tensors.keys()
    assert found.stored_parameters == found.declared_parameters > 0
    assert (found.model.shape.vocabulary, found.model.shape.context) == (400, 128)
    assert any("computed by transformers" in note for note in found.notes)


def damaged(folder: Path, family: str, changes: dict[str, np.ndarray[Any, Any] | None]) -> Path:
    put(copied(folder, other(family)), **changes)
    return folder


def test_what_does_not_fit_is_named(tmp_path: Path, process: TransformersProcess) -> None:
    name = "transformer.h.1.attn.c_attn.weight"
    stored = tensors(other("gpt2"))[name]
    cases: dict[str, tuple[dict[str, np.ndarray[Any, Any] | None], str, str]] = {
        "missing": ({"transformer.ln_f.bias": None}, "missing", "transformer.ln_f.bias"),
        "unexpected": ({"transformer.h.7.ln_1.bias": stored[0]}, "unexpected", "transformer.h.7.ln_1.bias"),
        "turned": ({name: stored.T}, "shape", name),
        "a head of its own": ({"lm_head.weight": np.ones((400, 64), "<f4")}, "head", "lm_head.weight"),
    }
    for case, (changes, kind, named) in cases.items():
        found = account(damaged(tmp_path / case, "gpt2", changes), process=process)
        assert [(one.kind, one.name) for one in found.misfits] == [(kind, named)], case
        with pytest.raises(DamagedArtifact, match="1 thing does not fit"):
            open_other_folder(tmp_path / case, process)


def test_an_expert_that_is_missing_is_named(tmp_path: Path, process: TransformersProcess) -> None:
    name = "model.layers.0.mlp.experts.2.up_proj.weight"
    found = account(damaged(tmp_path / "m", "qwen3_moe", {name: None}), process=process)
    assert [(one.kind, one.name) for one in found.misfits] == [("missing", name)]


def test_names_without_what_stands_in_front_and_older_tensors(
    tmp_path: Path, process: TransformersProcess
) -> None:
    """As the released GPT-2 has them: no `transformer.`, and masks that no reader takes."""
    folder = copied(tmp_path / "gpt2", other("gpt2"))
    stored = tensors(folder)
    put(
        folder,
        **dict.fromkeys(stored),
        **{name.removeprefix("transformer."): array for name, array in stored.items()},
        **{f"h.{layer}.attn.bias": np.ones((1, 1, 128, 128), "<f4") for layer in range(2)},
    )
    found = account(folder, process=process)
    assert found.misfits == ()
    assert found.redundant == {"h.0.attn.bias", "h.1.attn.bias"}
    assert any("2 stored tensors follow from the configuration" in note for note in found.notes)


def test_code_is_said_and_not_followed(tmp_path: Path, process: TransformersProcess) -> None:
    folder = copied(tmp_path / "gpt2", other("gpt2"))
    (folder / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    edit_config(folder, auto_map={"AutoConfig": "theirs.C", "AutoModelForCausalLM": "theirs.M"})
    found = account(folder, process=process)
    assert found.misfits == ()
    assert any("auto_map" in note and "was not run" in note for note in found.notes)
    edit_config(folder, model_type="theirs_alone")
    with pytest.raises(UnusableInput, match="model_type is 'theirs_alone'") as refused:
        account(folder, process=process)
    assert "its own code (auto_map) is never run" in str(refused.value.why)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_layer": 10**6}, "n_layer is 1000000"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4}}, "quantized by AWQ to 4 bits"),
        ({"eos_token_id": 4000}, "not an id below 400"),
        ({"is_encoder_decoder": True}, "an encoder and a decoder"),
        ({"architectures": ["GPT2ForSequenceClassification"]}, "architectures is"),
        ({"n_head": 7}, "transformers refuses it"),
    ],
)
def test_what_is_no_decoder_of_text_is_refused(
    tmp_path: Path, process: TransformersProcess, changes: dict[str, Any], said: str
) -> None:
    folder = copied(tmp_path / "gpt2", other("gpt2"))
    edit_config(folder, **changes)
    with pytest.raises(UnusableInput) as refused:
        account(folder, process=process)
    assert said in str(refused.value)


FORMS: dict[str, tuple[str, dict[str, Any], str]] = {
    "another activation": ("llama", {"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
    "a window": (
        "qwen2",
        {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1},
        "sliding_attention",
    ),
    "a rotation that depends on the length": (
        "llama",
        {"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}},
        "'dynamic'",
    ),
}


@pytest.mark.parametrize(("family", "changes", "said"), FORMS.values(), ids=FORMS)
def test_a_form_of_a_known_family_that_our_decoder_does_not_compute(
    tmp_path: Path, process: TransformersProcess, family: str, changes: dict[str, Any], said: str
) -> None:
    folder = foreign(family).write(tmp_path / "theirs")
    edit_config(folder, **changes)
    with pytest.raises(UnusableInput, match=said):
        open_any_checkpoint(folder)
    found = account(folder, process=process)
    assert found.misfits == ()
    assert found.model.engine.startswith("transformers ")


def test_the_table_is_the_files_own(process: TransformersProcess) -> None:
    """Written out once more: a table must not be its own witness."""
    shapes = account(other("gpt2"), process=process).model.tensors()
    assert shapes["transformer.wte.weight"] == (400, 64)
    assert shapes["transformer.h.0.attn.c_attn.weight"] == (64, 192)
    assert "lm_head.weight" not in shapes
    assert json.loads((other("gpt2") / "config.json").read_text())["n_embd"] == 64
