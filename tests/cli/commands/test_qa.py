"""`specship qa` as a person runs it: what it prints, its exit status, and files that nobody should trust."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from tests.hostile import gguf_files, safetensors_files
from tests.models.trained_checkpoint import copied, exported, put, trained

NAMES = ["structure", "inventory", "statistics", "tokenizer", "metadata", "golden", "layout", "parity"]


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status and the report."""
    status = main(["qa", *arguments, "--format", "json"])
    return status, json.loads(capsys.readouterr().out)


@pytest.mark.slow
def test_a_sound_gguf_passes_all_eight(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    golden = tmp_path / "golden.json"
    assert main(["qa", str(exported()), "--write-golden", str(golden)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[:8]] == [
        [str(number), name, "PASS"] for number, name in enumerate(NAMES, 1)
    ]
    assert lines[8] == f"8 of 8 gates executed, 8 passed: {exported()}"
    assert "missing 0 tensors (= 0)" in lines[1]

    status, report = asked(capsys, str(exported()), "--golden", str(golden))
    assert (status, report["model"], report["executed"], report["passed"]) == (0, str(exported()), 8, 8)
    assert [gate["name"] for gate in report["gates"]] == NAMES
    assert {"name", "verdict", "figures", "detail"} <= report["gates"][0].keys()
    assert report["gates"][5]["figures"][-1]["name"] == "differing_from_golden"


@pytest.mark.slow
def test_transformers_agrees_on_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    status, report = asked(capsys, str(trained()))
    assert (status, report["executed"], report["passed"]) == (0, 8, 8)
    assert report["gates"][7]["figures"][0]["value"] == "transformers"


def test_a_gate_that_was_not_executed_is_no_pass(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = copied(tmp_path / "model")
    put(folder, **{"model.norm.weight": None})
    assert main(["qa", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"5 of 8 gates executed, 4 passed: {folder}"
    assert sum(" FAIL  not executed: " in line for line in lines) == 3


def test_nothing_there_is_unusable_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["qa", str(tmp_path / "nothing")]) == 2
    assert "no such file or folder" in capsys.readouterr().err


def test_an_empty_folder_is_unusable_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["qa", str(tmp_path)]) == 2
    assert "an empty folder" in capsys.readouterr().err


def first_fails(report: dict[str, Any]) -> bool:
    """Gate 1 measured and failed, no other passed but those that need no weights, and none broke."""
    first, *others = report["gates"]
    verdicts = {gate["name"]: gate["verdict"] for gate in others}
    could_pass = {"tokenizer", "metadata"}
    return (first["verdict"], first["executed"]) == ("FAIL", True) and all(
        verdict == "FAIL" or name in could_pass for name, verdict in verdicts.items()
    )


@pytest.mark.parametrize("name", gguf_files.FILES)
def test_hostile_gguf(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_files.FILES[name][0])
    status, report = asked(capsys, str(path))
    assert status == 1
    assert first_fails(report)
    assert report["executed"] == 1


@pytest.mark.parametrize("name", gguf_files.SOUND)
def test_a_sound_header_of_no_model(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf_files.SOUND[name])
    status, report = asked(capsys, str(path))
    assert (status, report["passed"] < 4) == (1, True)
    assert {gate["verdict"] for gate in report["gates"][5:]} == {"FAIL"}


@pytest.mark.parametrize("name", safetensors_files.FILES)
def test_hostile_safetensors(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path / "model")
    (folder / "model.safetensors").write_bytes(safetensors_files.FILES[name][0])
    status, report = asked(capsys, str(folder))
    assert status == 1
    assert first_fails(report)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}'),
        ("tokenizer.json", '{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}'),
        ("tokenizer.json", '{"added_tokens": 7, "model": {}}'),
        ("tokenizer.json", "[" * 2000),
        ("config.json", '{"model_type": "llama"}'),
        ("config.json", '{"model_type": ["llama"]}'),
        ("config.json", "[]"),
    ],
)
def test_hostile_documents(capsys: pytest.CaptureFixture[str], tmp_path: Path, file: str, text: str) -> None:
    folder = copied(tmp_path / "model")
    (folder / file).write_text(text)
    status, report = asked(capsys, str(folder))
    assert status == 1
    assert all(gate["verdict"] != "ERROR" for gate in report["gates"]), report


def test_weights_of_noise_in_a_gguf_fail_without_an_error(tmp_path: Path) -> None:
    """Bytes of tensors that are no sensible numbers: NaN everywhere."""
    path = tmp_path / "model.gguf"
    data = bytearray(exported().read_bytes())
    data[-4096:] = b"\xff" * 4096
    path.write_bytes(data)
    assert main(["qa", str(path)]) == 1
