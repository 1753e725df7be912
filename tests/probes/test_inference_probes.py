"""Probes of generation and speed: sound, with a planted fault, unreadable."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact, RequirementMissing
from specship.pipeline.inference.decode_bench import bench
from specship.probes import measuring
from specship.probes.registry import all_probes
from tests.editing import copy_of, edit_json, edit_line
from tests.models.inference_chain import artifacts, checkpoint, made


def measure(name: str, **others: Path) -> dict[str, Any]:
    found = measuring.measure(all_probes()[name], artifacts(**others))
    return {quantity: measured.value for quantity, measured in found.quantities.items()}


@pytest.fixture
def generations(tmp_path: Path) -> Path:
    return copy_of(made("generations"), tmp_path / "generations")


@pytest.fixture
def speed(tmp_path: Path) -> Path:
    return copy_of(made("speed"), tmp_path / "speed")


def test_syntax_of_an_untrained_model_is_all_errors() -> None:
    found = measure("generations.syntax")
    assert (found["prompts"], found["completions"], found["syntax_errors"]) == (12, 12, 12)
    assert (found["foreign_prompts"], found["altered"], found["prefix_valid"]) == (0, 0, 0)


def test_an_edited_body_does_not_count(generations: Path) -> None:
    edit_line(generations / "generations.jsonl", 0, body="\n    return 1\n", text="\n    return 1\n")
    found = measure("generations.syntax", generations=generations)
    assert (found["altered"], found["syntax_errors"]) == (1, 12)


def test_sound_bodies_written_as_tokens_count(generations: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(checkpoint() / "tokenizer.json"))
    line = json.loads((generations / "generations.jsonl").read_text().splitlines()[0])
    indent = " " * (len(line["header"]) - len(line["header"].lstrip()) + 4)
    body = f"\n{indent}return 1\n"
    ids = [*tokenizer.encode(body).ids, 0]
    edit_line(generations / "generations.jsonl", 0, token_ids=ids, text=body, body=body)
    found = measure("generations.syntax", generations=generations)
    assert (found["altered"], found["syntax_errors"], found["prefix_valid"]) == (0, 11, 1)


def test_completions_of_other_weights_are_altered() -> None:
    assert measure("generations.syntax", checkpoint=checkpoint(seed=2))["altered"] == 12


@pytest.mark.parametrize("change", [{"document_sha256": "0" * 64}, {"begin": 1}, {"prompt_ids": [1]}])
def test_a_prompt_from_elsewhere_is_foreign(generations: Path, change: Any) -> None:
    edit_line(generations / "generations.jsonl", 3, **change)
    assert measure("generations.syntax", generations=generations)["foreign_prompts"] == 1


def test_our_tokens_are_those_of_transformers() -> None:
    found = measure("generations.reference")
    assert (found["prompts"], found["tokens"]) == (6, 144)
    assert (found["differing_from_reference"], found["differing_from_record"]) == (0, 0)


def test_completions_of_another_checkpoint_are_seen() -> None:
    assert measure("generations.reference", checkpoint=checkpoint(seed=2))["differing_from_record"] > 100


def test_speed_stands_on_its_samples() -> None:
    found = measure("speed.decode")
    assert (found["samples"], found["reference_samples"], found["tokens"]) == (5, 5, 115)
    assert (found["differing_tokens"], found["foreign_samples"]) == (0, 0)
    assert found["spread"] > 0
    assert found["tokens_per_second_low"] <= found["tokens_per_second"] <= found["tokens_per_second_high"]


@pytest.mark.parametrize("cold", [lambda ours: ours[1:], lambda ours: [*ours[1:], ours[0]]])
def test_a_speed_without_warm_up_is_seen(speed: Path, cold: Callable[[list[Any]], list[Any]]) -> None:
    """The warm-up is missing, or it came after what it should have warmed."""
    assert measure("speed.decode")["warm_up_tokens"] == 24
    samples = json.loads((speed / "speed.json").read_text())["samples"]
    ours = [one for one in samples if one["decoder"] == "specship"]
    theirs = [one for one in samples if one["decoder"] != "specship"]
    edit_json(speed / "speed.json", samples=[*cold(ours), *theirs])
    found = measure("speed.decode", speed=speed)
    assert (found["warm_up_tokens"], found["samples"], found["tokens"]) == (0, 5, 115)


def test_tokens_are_counted_and_not_believed(speed: Path) -> None:
    samples = json.loads((speed / "speed.json").read_text())["samples"]
    edit_json(
        speed / "speed.json", samples=[one | {"seconds": 1.0} for one in samples], tokens_per_second=1e9
    )
    found = measure("speed.decode", speed=speed)
    assert (found["tokens_per_second"], found["spread"], found["ratio_to_reference"]) == (23, 0, 1)


def test_invented_tokens_and_other_weights_are_seen(speed: Path) -> None:
    samples = json.loads((speed / "speed.json").read_text())["samples"]
    chance = random.Random(1)  # noqa: S311 - no secret
    padded = [one | {"token_ids": [chance.randrange(500) for _ in range(24)]} for one in samples]
    edit_json(speed / "speed.json", samples=padded)
    assert measure("speed.decode", speed=speed)["differing_tokens"] > 100
    assert measure("speed.decode", checkpoint=checkpoint(seed=2))["foreign_samples"] == 12


def test_rounded_weights_are_held_against_rounded_weights(speed: Path) -> None:
    """Of both decoders in float32; in bfloat16 of ours alone, since the reference sums in bfloat16 there."""
    told = json.loads((speed / "speed.json").read_text())
    figures = bench(checkpoint(), prompt_ids=told["prompt_ids"], tokens=8, samples=1, weights="bfloat16")
    (speed / "speed.json").write_text(json.dumps(figures))
    found = measure("speed.decode", speed=speed)
    assert (found["differing_tokens"], found["samples"]) == (0, 1)
    for name, count in (("transformers", 0), ("specship", 16)):
        altered = [
            one | {"token_ids": [512 - at for at in range(8)]} if one["decoder"] == name else one
            for one in figures["samples"]
        ]
        edit_json(speed / "speed.json", samples=altered)
        assert measure("speed.decode", speed=speed)["differing_tokens"] == count


def test_a_speed_of_a_device_that_is_not_here_is_not_measured(speed: Path) -> None:
    edit_json(speed / "speed.json", device="cuda:7")
    with pytest.raises(RequirementMissing):
        measure("speed.decode", speed=speed)


@pytest.mark.parametrize("name", ["generations.syntax", "generations.reference"])
@pytest.mark.parametrize("text", ["", "{", '{"text": 1}\n', "nonsense\n"])
def test_unreadable_completions_are_an_error(generations: Path, name: str, text: str) -> None:
    (generations / "generations.jsonl").write_text(text)
    if text == "":
        assert not measure(name, generations=generations)["prompts"]
        return
    with pytest.raises(DamagedArtifact):
        measure(name, generations=generations)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"samples": [{"seconds": 0}]}'])
def test_unreadable_speed_is_an_error(speed: Path, text: str) -> None:
    (speed / "speed.json").write_text(text)
    with pytest.raises(DamagedArtifact):
        measure("speed.decode", speed=speed)
