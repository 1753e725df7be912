"""Logits of all three families equal those of transformers, on awkward shapes, types and shards."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import torch

from specship.code_digests import CodeReader
from specship.pipeline.checkpoint.folder import read_shape
from specship.pipeline.checkpoint.importing import import_checkpoint
from specship.pipeline.checkpoint.inventory import account
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.model.decoder_shape import expected_tensors
from specship.pipeline.model.reading import all_families, read_model
from tests.models.foreign_checkpoints import FAMILIES, config_of, tensors_of
from tests.models.saved_families import BIASES, LINEAR, LLAMA3, PLAIN, YARN, saved

pytestmark = pytest.mark.usefixtures("one_thread")

PROMPT: Final = [5, 500, 3, 1, 4, 1, 5, 9, 2, 6, 514, 0, 77, 8, 300, 21]
CASES: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "as it comes": ({}, "float32", "1GB"),
    "half precision": ({}, "float16", "1GB"),
    "bfloat16 in shards": ({}, "bfloat16", "60KB"),
    "tied head": ({"tie_word_embeddings": True}, "float32", "1GB"),
    "tied head, bfloat16 in shards": ({"tie_word_embeddings": True}, "bfloat16", "40KB"),
    "linear scaling": ({"rope_parameters": LINEAR}, "float32", "1GB"),
    "llama3 scaling in shards": ({"rope_parameters": LLAMA3}, "float32", "60KB"),
    "yarn scaling": ({"rope_parameters": YARN}, "float32", "1GB"),
    "yarn scaling with all its fields": (
        {"rope_parameters": YARN | {"beta_fast": 8.0, "beta_slow": 2.0, "attention_factor": 1.4}},
        "bfloat16",
        "60KB",
    ),
    "one key-value head": ({"num_key_value_heads": 1}, "float32", "1GB"),
    "as many key-value heads": ({"num_key_value_heads": 6}, "float32", "1GB"),
    "another epsilon": ({"rms_norm_eps": 1e-2}, "float32", "1GB"),
}


def theirs(folder: Path) -> torch.Tensor:
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    with torch.inference_mode():
        logits_TV: torch.Tensor = model.eval()(torch.tensor([PROMPT])).logits[0]  # noqa: N806
    return logits_TV


def difference(folder: Path) -> float:
    """Largest difference of a logit from that of transformers, over the largest logit."""
    expected_TV = theirs(folder)  # noqa: N806
    found_TV = Decoder.open(folder).logits(PROMPT)  # noqa: N806
    return float((found_TV - expected_TV).abs().max() / expected_TV.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("changes", "dtype", "shard"), CASES.values(), ids=CASES)
def test_logits_equal_those_of_transformers(
    tmp_path: Path, family: str, changes: dict[str, Any], dtype: str, shard: str
) -> None:
    folder = saved(tmp_path / "theirs", family, changes, dtype, shard)
    assert (len(list(folder.glob("*.safetensors"))) > 1) == (shard != "1GB")
    assert difference(folder) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_all_biases_of_a_family_are_at_work(tmp_path: Path, family: str) -> None:
    folder = saved(tmp_path / "theirs", family, BIASES[family], "float32", "1GB")
    assert any(name.endswith("bias") for name in account(folder).tensors)
    assert difference(folder) < 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_steps_with_a_cache_equal_one_pass(tmp_path: Path, family: str) -> None:
    decoder = Decoder.open(saved(tmp_path / "theirs", family, BIASES[family], "float32", "1GB"))
    ids = decoder.generate(PROMPT, 24).token_ids
    logits_TV = decoder.logits([*PROMPT, *ids[:-1]])[len(PROMPT) - 1 :]  # noqa: N806
    assert tuple(logits_TV.argmax(-1).tolist()) == ids


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("llama", {"rope_parameters": PLAIN}),
        ("llama", {"rope_parameters": LINEAR | {"factor": 2.0}}),
        ("llama", {"rope_parameters": LLAMA3 | {"high_freq_factor": 8.0}}),
        ("llama", {"rope_parameters": YARN}),
        ("llama", {"rope_parameters": YARN | {"factor": 8.0}}),
        ("llama", {"rms_norm_eps": 1e-2}),
        ("qwen3", {"rope_parameters": PLAIN | {"rope_theta": 100.0}}),
    ],
    ids=str,
)
def test_a_field_that_is_read_wrongly_would_show(
    tmp_path: Path, family: str, changes: dict[str, Any]
) -> None:
    """The comparison is no formality: each of these fields moves the logits far beyond its limit."""
    base = {"rope_parameters": LLAMA3 if "high_freq_factor" in str(changes) else LINEAR}
    folder = saved(tmp_path / "theirs", family, base, "float32", "1GB")
    before_TV = Decoder.open(folder).logits(PROMPT)  # noqa: N806
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    after_TV = Decoder.open(folder).logits(PROMPT)  # noqa: N806
    assert (after_TV - before_TV).abs().max() / before_TV.abs().max() > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_an_imported_folder_gives_the_same_logits_to_both(tmp_path: Path, family: str) -> None:
    folder = saved(tmp_path / "theirs", family, {"tie_word_embeddings": True}, "bfloat16", "40KB")
    ours = import_checkpoint(account(folder), tmp_path / "ours")
    assert torch.equal(Decoder.open(ours).logits(PROMPT), Decoder.open(folder).logits(PROMPT))
    assert torch.equal(theirs(ours), theirs(folder))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("tied", [True, False])
def test_the_table_of_a_family_is_what_is_written_here_by_hand(
    tmp_path: Path, family: str, tied: bool
) -> None:
    config = config_of(family, tie_word_embeddings=tied)
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert expected_tensors(read_shape(tmp_path / "config.json")) == tensors_of(config)


def test_a_family_is_one_file_that_is_found_by_its_name() -> None:
    assert tuple(all_families()) == FAMILIES


def test_the_code_of_every_family_is_part_of_what_makes_evidence_stale() -> None:
    behind = dict(CodeReader().behind("specship.pipeline.model.reading"))
    assert {f"specship.pipeline.model.families.{name}" for name in FAMILIES} <= behind.keys()


OLD: Final = {"rope_theta": 500.0, "rope_scaling": {"type": "linear", "factor": 4}}
LOOSE: Final = {key: value for key, value in LLAMA3.items() if not key.startswith("original")}
SPELLINGS: Final[dict[str, tuple[dict[str, Any], str, float, float]]] = {
    "new": ({"rope_parameters": LINEAR}, "linear", 500.0, 4.0),
    "old": (OLD, "linear", 500.0, 4.0),
    "both": (OLD | {"rope_parameters": LINEAR}, "linear", 500.0, 4.0),
    "new without the base": ({"rope_parameters": {"rope_type": "default"}}, "default", 10000.0, 1.0),
    "nothing": ({"rope_theta": None}, "default", 10000.0, 1.0),
    "yarn, as its authors' pages have it": (
        {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}},
        "yarn",
        10000.0,
        4.0,
    ),
    "fields that are null": ({"rope_parameters": LINEAR | {"beta_fast": None}}, "linear", 500.0, 4.0),
    "llama3 by the model's own context": ({"rope_scaling": LOOSE}, "llama3", 10000.0, 8.0),
}


@pytest.mark.parametrize(("changes", "kind", "theta", "factor"), SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_of_a_rotation_means_the_same(
    tmp_path: Path, changes: dict[str, Any], kind: str, theta: float, factor: float
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config_of("llama", **changes)))
    shape = read_shape(tmp_path / "config.json")
    assert (shape.rope.kind, shape.rope_theta, shape.rope.factor) == (kind, theta, factor)


def test_what_was_assumed_and_what_has_no_effect_is_kept(tmp_path: Path) -> None:
    config = config_of("llama", rope_theta=None, num_key_value_heads=None, surprise=3)
    del config["rms_norm_eps"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    model = read_model(tmp_path / "config.json")
    assert {
        "rope_theta": 10000.0,
        "rms_norm_eps": 1e-6,
        "num_key_value_heads": 6,
    }.items() <= model.assumed.items()
    assert model.unread == ("surprise",)
