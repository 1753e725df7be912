"""Probes of export and publication: sound, with a planted fault, unreadable."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact
from specship.pipeline.export import metadata, tensor_data, vocabulary, writer
from specship.pipeline.gguf import names
from specship.probes import measuring
from specship.probes.registry import all_probes
from tests.editing import copy_of, edit_json, edit_line
from tests.models.inference_chain import artifacts, checkpoint, corpus, made


def measure(name: str, **others: Path) -> dict[str, Any]:
    found = measuring.measure(all_probes()[name], artifacts(**others))
    return {quantity: measured.value for quantity, measured in found.quantities.items()}


def exported(folder: Path, **changes: Any) -> Path:
    writer.export_gguf(checkpoint(**changes), folder / "model.gguf")
    return folder


def test_a_sound_header() -> None:
    found = measure("gguf.header")
    assert (found["missing_keys"], found["wrong_values"]) == (0, 0)
    assert (found["wrong_tokens"], found["wrong_merges"]) == (0, 0)
    assert (found["tokens"], found["embedding_rows"]) == (512, 512)
    assert (found["architecture"], found["file_type"], found["licence"]) == ("llama", "F32", "PSF-2.0")
    assert (found["file_type_agrees"], found["source_agrees"]) == ("yes", "yes")


def no_rotation_base(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    whole = metadata.architecture_keys
    kept = lambda *given: [key for key in whole(*given) if not key.name.endswith("freq_base")]  # noqa: E731
    monkeypatch.setattr(writer, "architecture_keys", kept)
    return {"missing_keys": 1}


def short_tokens(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    whole = vocabulary.read_vocabulary
    monkeypatch.setattr(writer, "read_vocabulary", lambda path, _: whole(path, 500))
    return {"wrong_tokens": 24, "tokens": 500}


def stale_file_type(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(writer, "FILE_TYPES", {"F32": 1})
    return {"file_type_agrees": "no"}


def class_name(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    named = names.Architecture(name="LlamaForCausalLM")
    monkeypatch.setattr(writer, "architecture_of", lambda *_: named)
    return {"architecture": "LlamaForCausalLM", "wrong_values": 1, "missing_keys": 12}


@pytest.mark.parametrize("fault", [no_rotation_base, short_tokens, stale_file_type, class_name])
def test_a_wrong_header_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    expected = fault(monkeypatch)
    folder = exported(tmp_path)
    monkeypatch.undo()
    found = measure("gguf.header", gguf=folder)
    assert {name: found[name] for name in expected} == expected


def test_an_export_of_another_checkpoint_is_seen(tmp_path: Path) -> None:
    folder = exported(tmp_path, seed=2)
    assert measure("gguf.header", gguf=folder)["source_agrees"] == "no"
    assert measure("gguf.tensors", gguf=folder)["mismatched"] == 20


def test_every_tensor_is_compared() -> None:
    found = measure("gguf.tensors")
    assert (found["tensors"], found["expected_tensors"], found["mismatched"]) == (20, 20, 0)
    assert (found["surplus_tensors"], found["unowned_bytes"], found["max_abs_difference"]) == (0, 0, 0)


def test_rows_in_the_wrong_order_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_data, "interleave_rows", lambda array, _: array)
    folder = exported(tmp_path)
    monkeypatch.undo()
    found = measure("gguf.tensors", gguf=folder)
    assert found["mismatched"] == 4
    assert found["lowest_cosine"] < 0.9


def test_a_dropped_tensor_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = names.renamed_tensors
    monkeypatch.setattr(writer, "renamed_tensors", lambda shape: whole(shape)[:-1])
    folder = exported(tmp_path)
    monkeypatch.undo()
    found = measure("gguf.tensors", gguf=folder)
    assert (found["tensors"], found["mismatched"]) == (19, 1)


def test_llama_cpp_and_the_checkpoint_agree() -> None:
    found = measure("parity.llama_cpp")
    assert (found["prompts"], found["shortest"], found["steps"]) == (6, 32, 192)
    assert (found["differing_tokens"], found["differing_from_record"]) == (0, 0)
    assert (found["differing_tokenizations"], found["foreign_prompts"]) == (0, 0)
    assert found["texts"] == 10
    assert found["max_abs_logprob"] < 1e-3
    assert found["opened_the_artifact"] == "yes"


def test_parity_of_another_file_or_checkpoint_is_seen(tmp_path: Path) -> None:
    assert measure("parity.llama_cpp", gguf=exported(tmp_path, seed=2))["opened_the_artifact"] == "no"
    found = measure("parity.llama_cpp", checkpoint=checkpoint(seed=2))
    assert found["opened_the_artifact"] == "no"
    assert found["differing_tokens"] > 100


def test_edited_tokens_and_prompts_are_seen(tmp_path: Path) -> None:
    folder = copy_of(made("parity"), tmp_path / "parity")
    prompts = json.loads((folder / "parity.json").read_text())["prompts"]
    prompts[0]["llama_cpp"][5]["token"] ^= 1
    prompts[1]["prompt_ids"] = [7, 7, 7, 450, 450]
    prompts[2] = prompts[3]
    edit_json(folder / "parity.json", prompts=prompts)
    found = measure("parity.llama_cpp", parity=folder)
    assert found["differing_tokens"] > 0
    assert found["differing_from_record"] == 1
    assert found["foreign_prompts"] == 2


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"prompts": 3}'])
def test_unreadable_parity_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "parity.json").write_text(text)
    with pytest.raises(DamagedArtifact):
        measure("parity.llama_cpp", parity=tmp_path)


@pytest.mark.parametrize("name", ["gguf.header", "gguf.tensors"])
def test_half_a_gguf_is_an_error(tmp_path: Path, name: str) -> None:
    data = (made("gguf") / "model.gguf").read_bytes()
    (tmp_path / "model.gguf").write_bytes(data[: len(data) // 2])
    with pytest.raises(DamagedArtifact):
        measure(name, gguf=tmp_path)


def test_a_sound_publication() -> None:
    found = measure("publication.manifest")
    assert found["files"] == 8
    assert not any(found[name] for name in ("mismatched", "missing", "unlisted", "incomplete", "untested"))
    found = measure("publication.provenance")
    assert (found["documents"], found["data_licence"]) == (13, "PSF-2.0")
    assert not any(
        found[n] for n in ("unknown_licences", "refused_licences", "unpublished", "files_disagreeing")
    )
    assert (found["card_agrees"], found["gguf_agrees"]) == ("yes", "yes")


def test_files_that_were_not_tested_are_seen(tmp_path: Path) -> None:
    assert measure("publication.manifest", checkpoint=checkpoint(seed=2))["untested"] == 1
    folder = copy_of(made("publication"), tmp_path / "publication")
    files = json.loads((folder / "manifest.json").read_text())["files"]
    edit_json(folder / "manifest.json", files=[one for one in files if one["name"] != "tokenizer.json"])
    found = measure("publication.manifest", publication=folder)
    assert (found["unlisted"], found["incomplete"], found["untested"]) == (1, 1, 1)


LICENCES = {
    "": ("unknown_licences", 1),
    "Proprietary": ("unknown_licences", 1),
    "GPL-3.0-only": ("refused_licences", 1),
}


@pytest.mark.parametrize("licence", LICENCES)
def test_a_bad_licence_of_one_document_is_seen(tmp_path: Path, licence: str) -> None:
    folder = copy_of(corpus(), tmp_path / "corpus")
    edit_line(folder / "train.jsonl", 2, licence=licence)
    found = measure("publication.provenance", corpus=folder)
    quantity, count = LICENCES[licence]
    assert found[quantity] == count
    assert found["unpublished"] == 2
    assert found["card_agrees"] == "no"


def test_a_card_with_another_licence_and_a_dropped_document_are_seen(tmp_path: Path) -> None:
    folder = copy_of(made("publication"), tmp_path / "publication")
    card = folder / "README.md"
    card.write_text(card.read_text().replace("license_name: PSF-2.0", "license_name: Apache-2.0"))
    listed = folder / "data-provenance.jsonl"
    listed.write_text("".join(line + "\n" for line in listed.read_text().splitlines()[1:]))
    found = measure("publication.provenance", publication=folder)
    assert (found["card_agrees"], found["unpublished"]) == ("no", 1)


@pytest.mark.parametrize("name", ["README.md", "manifest.json", "model.gguf", "data-provenance.jsonl"])
def test_an_unreadable_publication_is_an_error(tmp_path: Path, name: str) -> None:
    folder = copy_of(made("publication"), tmp_path / "publication")
    (folder / name).write_text("{")
    with pytest.raises(DamagedArtifact):
        measure("publication.provenance", publication=folder)
