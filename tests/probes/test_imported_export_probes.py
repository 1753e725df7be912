"""Probes of what is made from a checkpoint that was taken over: sound, with a planted fault, unreadable."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from safetensors.torch import load_file, save_file

from specship.errors import DamagedArtifact
from specship.pipeline.checkpoint.weight_files import WEIGHTS
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.reader import read_gguf
from specship.probes import quantized_tensors
from tests.editing import copy_of, edit_json, edit_line
from tests.models.imported_chain import made, measure

QUANTIZED = "quantized.gguf"


def test_a_sound_quantization_is_compared_whole() -> None:
    found = measure("quantized.tensors")

    assert (found["expected_tensors"], found["compared_tensors"]) == (28, 28)
    assert (found["quantized_matrices"], found["element_types"]) == (15, "Q8_0")
    assert 0.999 <= float(str(found["lowest_cosine"])) < 1
    assert 0 < float(str(found["mean_kl"])) < 0.01
    assert int(str(found["predictions"])) >= 128


def test_large_tensors_are_compared_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = measure("quantized.tensors")
    monkeypatch.setattr(quantized_tensors, "_PIECE", 1000)
    pieces = measure("quantized.tensors")

    for name in ("lowest_cosine", "largest_norm_change"):
        assert pieces[name] == pytest.approx(whole[name], abs=1e-12)


def test_a_file_that_is_quantized_in_name_only_is_seen(tmp_path: Path) -> None:
    export_gguf(made("checkpoint"), tmp_path / QUANTIZED, dtype="F32")

    assert measure("quantized.tensors", quantized=tmp_path)["quantized_matrices"] == 0


def test_another_models_numbers_are_seen(tmp_path: Path) -> None:
    other = copy_of(made("checkpoint"), tmp_path / "other")
    tensors = load_file(other / WEIGHTS)
    save_file({name: tensor.flip(0).contiguous() for name, tensor in tensors.items()}, other / WEIGHTS)
    export_gguf(other, tmp_path / QUANTIZED, dtype="Q8_0")
    found = measure("quantized.tensors", quantized=tmp_path)

    assert float(str(found["lowest_cosine"])) < 0.5
    assert float(str(found["mean_kl"])) > 0.1


def test_coarse_blocks_are_seen(tmp_path: Path) -> None:
    export_gguf(made("checkpoint"), tmp_path / QUANTIZED, dtype="Q4_0")

    assert float(str(measure("quantized.tensors", quantized=tmp_path)["lowest_cosine"])) < 0.999


def test_scales_that_are_not_their_numbers_are_seen(tmp_path: Path) -> None:
    """Twice as long and as straight as before: a cosine alone would see nothing."""
    folder = copy_of(made("quantized"), tmp_path / "quantized")
    path = folder / QUANTIZED
    tensor = read_gguf(path).tensors["blk.0.ffn_up.weight"]
    data = bytearray(path.read_bytes())
    for block in range(tensor.offset, tensor.offset + tensor.size, 34):
        data[block + 1] += 4  # one more in the exponent of the half-precision scale
    path.write_bytes(data)
    found = measure("quantized.tensors", quantized=folder)

    assert float(str(found["lowest_cosine"])) >= 0.999
    assert float(str(found["largest_norm_change"])) == pytest.approx(1, abs=0.01)


def test_a_quantized_file_that_ends_early_is_told_so(tmp_path: Path) -> None:
    folder = copy_of(made("quantized"), tmp_path / "quantized")
    path = folder / QUANTIZED
    path.write_bytes(path.read_bytes()[:-1000])

    with pytest.raises(DamagedArtifact):
        measure("quantized.tensors", quantized=folder)


def test_sound_completions() -> None:
    found = measure("completions.syntax")

    assert (found["headers"], found["completions"], found["altered"]) == (2, 6, 0)
    assert (found["fib_completions"], found["decoding"]) == (3, "sampled")


def test_a_body_that_parses_is_counted(tmp_path: Path) -> None:
    """Written by token ids, as a model would have."""
    folder = copy_of(made("completions"), tmp_path / "completions")
    tokenizer = tokenizers.Tokenizer.from_file(str(made("checkpoint") / "tokenizer.json"))
    about = json.loads((folder / "generations.json").read_text())
    for line, body in enumerate(("\n    return n\nx", "\n    return (\nx")):
        ids = tokenizer.encode(body).ids
        edit_json(folder / "generations.json", settings=about["settings"] | {"new_tokens": len(ids)})
        edit_line(folder / "generations.jsonl", line, token_ids=ids, header="def fib(n):")
    found = measure("completions.syntax", completions=folder)

    assert (found["fib_completions"], found["fib_errors"]) == (4, 3)
    assert found["nodes"] == len(list(ast.walk(ast.parse("def fib(n):\n    return n\n"))))


RETOUCHED: dict[str, dict[str, Any]] = {
    "a text made better by hand": {"text": "\n    return n\n", "body": "\n    return n\n"},
    "another prompt": {"prompt": "def good(n):"},
    "a completion cut short": {"token_ids": [5, 6, 7]},
    "a completion of the other decoding": {"decoding": "greedy"},
}


@pytest.mark.parametrize("case", RETOUCHED, ids=lambda case: case.replace(" ", "-"))
def test_a_completion_that_was_retouched_is_seen(case: str, tmp_path: Path) -> None:
    folder = copy_of(made("completions"), tmp_path / "completions")
    edit_line(folder / "generations.jsonl", 0, **RETOUCHED[case])

    assert measure("completions.syntax", completions=folder)["altered"] == 1


def test_completions_of_other_weights_are_seen(tmp_path: Path) -> None:
    folder = copy_of(made("completions"), tmp_path / "completions")
    edit_json(folder / "generations.json", weights_sha256="0" * 64)

    assert measure("completions.syntax", completions=folder)["altered"] == 6


def test_the_same_body_every_time_is_seen(tmp_path: Path) -> None:
    folder = copy_of(made("completions"), tmp_path / "completions")
    path = folder / "generations.jsonl"
    path.write_text(path.read_text().splitlines(keepends=True)[0] * 6)
    found = measure("completions.syntax", completions=folder)

    assert (found["distinct_bodies"], found["headers"]) == (1, 1)


def test_a_sound_origin() -> None:
    found = measure("imported.provenance")

    assert (found["licence"], found["source"]) == ("PSF-2.0", "a tiny model")
    assert [found[name] for name in ("unlisted_weights", "disagreeing", "without_origin")] == [0, 0, 0]
    yes = ("licence_known", "licence_allowed", "licence_text", "data_agrees")
    assert [found[name] for name in yes] == ["yes"] * 4


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    path = folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return folder


def of_card(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("publication"), folder)
    return {"publication": changed(copy, "README.md", "license_name: PSF-2.0", "license_name: MIT")}


def of_manifest(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("publication"), folder)
    return {"publication": changed(copy, "manifest.json", '"licence": "PSF-2.0"', '"licence": "MIT"')}


def of_source(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("checkpoint"), folder)
    return {"checkpoint": changed(copy, "provenance.json", '"PSF-2.0"', '"Proprietary"')}


def of_gguf(folder: Path) -> dict[str, Path]:
    folder.mkdir()
    export_gguf(made("checkpoint"), folder / "model.gguf", licence="MIT", base_model="nobody")
    return {"gguf": folder}


def of_text(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("publication"), folder)
    (copy / "LICENSE").unlink()
    return {"publication": copy}


def of_weights(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("checkpoint"), folder)
    sources = json.loads((copy / "metadata.json").read_text())["sources"]
    edit_json(copy / "metadata.json", sources=dict.fromkeys(sources, "0" * 64))
    return {"checkpoint": copy}


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (of_card, {"disagreeing": 1}),
        (of_manifest, {"disagreeing": 13}),
        (
            of_source,
            {"licence_known": "no", "licence_allowed": "no", "data_agrees": "no", "without_origin": 1},
        ),
        (of_gguf, {"disagreeing": 1, "without_origin": 1}),
        (of_text, {"licence_text": "no"}),
        (of_weights, {"unlisted_weights": 5}),
    ],
)
def test_an_origin_that_does_not_agree_is_seen(
    plant: Callable[[Path], dict[str, Path]], seen: dict[str, Any], tmp_path: Path
) -> None:
    found = measure("imported.provenance", **plant(tmp_path / "damaged"))

    assert {name: found[name] for name in seen} == seen


@pytest.mark.parametrize("text", ["{", '{"format": "specship-provenance/1"}', "[]"])
def test_an_unreadable_origin_is_told_so(text: str, tmp_path: Path) -> None:
    folder = copy_of(made("checkpoint"), tmp_path / "checkpoint")
    (folder / "provenance.json").write_text(text)

    with pytest.raises(DamagedArtifact):
        measure("imported.provenance", checkpoint=folder)


def test_what_comes_over_http_is_what_was_tested() -> None:
    found = measure("publication.readback")

    assert found["where"] == "loopback"
    assert found["files"] == int(str(found["tested_files"])) + 2
    assert [found[name] for name in ("differing", "unread", "unpublished", "unlisted", "untested")] == [0] * 5


def altered_after(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("publication"), folder)
    (copy / "model.gguf").write_bytes(b"another")
    return {"publication": copy}


def added_after(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("publication"), folder)
    (copy / "notes.txt").write_text("later\n")
    return {"publication": copy}


def other_weights(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("checkpoint"), folder)
    (copy / "model.safetensors").write_bytes(b"another")
    return {"checkpoint": copy}


def not_fetched(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("readback"), folder)
    files = json.loads((copy / "readback.json").read_text())["files"]
    edit_json(copy / "readback.json", files=[one for one in files if one["name"] != "quantized.gguf"])
    return {"readback": copy}


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (altered_after, {"differing": 1, "untested": 0}),
        (added_after, {"unread": 1, "unlisted": 1}),
        (other_weights, {"untested": 1, "differing": 0}),
        (not_fetched, {"unread": 1, "untested": 1}),
    ],
)
def test_published_bytes_that_are_not_the_tested_ones_are_seen(
    plant: Callable[[Path], dict[str, Path]], seen: dict[str, int], tmp_path: Path
) -> None:
    found = measure("publication.readback", **plant(tmp_path / "damaged"))

    assert {name: found[name] for name in seen} == seen


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "specship-readback/1", "from": "x", "files": [1]}'])
def test_an_unreadable_record_of_fetching_is_told_so(text: str, tmp_path: Path) -> None:
    folder = copy_of(made("readback"), tmp_path / "readback")
    (folder / "readback.json").write_text(text)

    with pytest.raises(DamagedArtifact):
        measure("publication.readback", readback=folder)
