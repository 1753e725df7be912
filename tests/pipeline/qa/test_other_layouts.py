"""Gates on models without a decoder of ours: what passes on a sound one, and faults that are caught."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from specship.pipeline.model.transformers_process import TransformersProcess
from specship.pipeline.qa.registry import all_gates
from specship.pipeline.qa.runner import ask, examine
from specship.pipeline.qa.subject import Subject
from tests.models.other_families import other
from tests.models.other_ggufs import other_gguf
from tests.models.trained_checkpoint import copied, put, tensors

FIRST = ("structure", "inventory", "statistics", "tokenizer", "metadata")


@pytest.fixture(scope="module")
def process() -> Any:
    made = TransformersProcess("tests")
    yield made
    made.close()


def verdicts(subject: Subject, *names: str) -> dict[str, str]:
    return {gate.name: ask(gate, subject).verdict.value for gate in all_gates() if gate.name in names}


def about(folder: Path, process: TransformersProcess) -> Subject:
    """A subject that asks a process which is there already."""
    subject = Subject(path=folder)
    vars(subject)["process"] = process
    return subject


def test_a_sound_folder_and_its_faults(tmp_path: Path, process: TransformersProcess) -> None:
    assert verdicts(about(other("gpt2"), process), *FIRST) == dict.fromkeys(FIRST, "PASS")

    def failed(folder: Path) -> set[str]:
        return {name for name, one in verdicts(about(folder, process), *FIRST).items() if one != "PASS"}

    missing = copied(tmp_path / "missing", other("gpt2"))
    put(missing, **{"transformer.h.0.ln_2.weight": None})
    assert failed(missing) == {"inventory"}

    zeroed = copied(tmp_path / "zeroed", other("gpt2"))
    put(zeroed, **{"transformer.ln_f.weight": np.zeros(64, "<f4")})
    assert failed(zeroed) == {"statistics"}

    foreign = copied(tmp_path / "foreign", other("gpt2"))
    document = json.loads((foreign / "tokenizer.json").read_text())
    document["added_tokens"][0]["id"] = 5
    document["model"]["vocab"] |= {f"extra{number}": 400 + number for number in range(8)}
    (foreign / "tokenizer.json").write_text(json.dumps(document))
    assert "tokenizer" in failed(foreign)


def test_a_second_runner_is_asked_for(process: TransformersProcess) -> None:
    parity = next(gate for gate in all_gates() if gate.name == "parity")
    answer = ask(parity, about(other("gpt2"), process))
    assert (answer.verdict.value, answer.executed) == ("ERROR", False)
    assert "a second program must agree with it" in answer.detail
    assert any("--beside FILE.gguf" in note for note in answer.notes)


def test_the_gguf_beside_it_is_the_second_runner(tmp_path: Path, process: TransformersProcess) -> None:
    parity = next(gate for gate in all_gates() if gate.name == "parity")
    sound = about(other("gpt2"), process)
    sound.beside = other_gguf()
    answer = ask(parity, sound)
    assert answer.verdict.value == "PASS", answer.as_text()
    changed = copied(tmp_path / "changed", other("gpt2"))
    name = "transformer.h.1.mlp.c_proj.weight"
    put(changed, **{name: tensors(changed)[name][::-1]})
    damaged = about(changed, process)
    damaged.beside = other_gguf()
    assert ask(parity, damaged).verdict.value == "FAIL"


@pytest.mark.slow
def test_a_trained_model_passes_all_eight_in_both_forms() -> None:
    folder, file = other("gpt2", steps=300), other_gguf(steps=300)
    for path, beside, engine in ((folder, file, "transformers"), (file, folder, "llama.cpp")):
        report = examine(Subject(path=path, beside=beside))
        assert (report.executed, report.passed) == (8, 8), report.as_text()
        assert report.engine.startswith(engine)
        assert f"(computed by {report.engine})" in report.as_text()


@pytest.mark.slow
def test_a_square_matrix_that_was_transposed_is_found(tmp_path: Path) -> None:
    """Its shape tells nothing: the projection behind the attention of a GPT-2."""
    folder = copied(tmp_path / "turned", other("gpt2", steps=300))
    name = "transformer.h.{}.attn.c_proj.weight"
    stored = tensors(folder)
    put(folder, **{name.format(layer): stored[name.format(layer)].T for layer in range(2)})
    layout = next(gate for gate in all_gates() if gate.name == "layout")
    answer = ask(layout, Subject(path=folder))
    assert answer.verdict.value == "FAIL"
    assert "attn.c_proj is transposed" in answer.as_text() + " ".join(answer.notes)
