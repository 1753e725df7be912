"""Settings of generation that no reader can use are named; an id beyond the embedding is noted."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.pipeline.checkpoint.inventory import account
from tests.models.foreign_checkpoints import foreign

BROKEN: dict[str, tuple[Any, str]] = {
    "a list": ([], "is not a JSON object"),
    "a text for an end": ({"eos_token_id": "</s>"}, "eos_token_id is </s>, no id"),
    "a truth among ends": ({"eos_token_id": [1, True]}, "no id"),
    "no early stopping that is known": ({"early_stopping": "soon"}, "early_stopping is soon"),
    "no new tokens": ({"max_new_tokens": 0}, "max_new_tokens is 0, not a count"),
    "no beams": ({"num_beams": 0}, "num_beams is 0"),
    "several texts of one": ({"num_return_sequences": 2}, "greedy decoding gives one"),
    "an unknown cache": ({"cache_implementation": "foo"}, "cache_implementation is foo"),
    "a cache that is a list": ({"cache_implementation": []}, "cache_implementation is []"),
    "a compiler": ({"compile_config": {"mode": "x"}}, "compile_config"),
    "a watermark that is a number": ({"watermarking_config": 3}, "not an object"),
    "drawing at temperature 0": ({"do_sample": True, "temperature": 0.0}, "nothing to draw from"),
}


@pytest.mark.parametrize(("settings", "message"), BROKEN.values(), ids=BROKEN)
def test_what_no_reader_can_use_is_named(tmp_path: Path, settings: Any, message: str) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    (folder / "generation_config.json").write_text(json.dumps(settings))
    [found] = account(folder).misfits
    assert (found.kind, found.name) == ("generation", "generation_config.json")
    assert message in found.message
    assert "remove it" in found.mend


def test_a_garbled_file_is_named_and_a_sound_one_is_not(tmp_path: Path) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    path = folder / "generation_config.json"
    path.write_text("{")
    assert [one.kind for one in account(folder).misfits] == ["generation"]
    path.write_text(
        json.dumps({"eos_token_id": [0, 1], "do_sample": True, "temperature": 0.6, "num_return_sequences": 3})
    )
    assert account(folder).misfits == ()


def test_an_id_beyond_the_embedding_is_noted(tmp_path: Path) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    (folder / "generation_config.json").write_text(
        json.dumps({"eos_token_id": [0, 40], "pad_token_id": None})
    )
    found = account(folder)
    assert found.misfits == ()
    assert "generation_config.json: eos_token_id names 40, and the embedding has 40 rows" in found.notes
