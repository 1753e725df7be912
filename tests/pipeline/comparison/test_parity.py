"""The real llama.cpp on real exports: equal when sound, and not when an export is wrong."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact, StageFailed, UnusableInput
from specship.pipeline.checkpoint.folder import open_any_checkpoint
from specship.pipeline.comparison.parity import Agreement, teacher_forced
from specship.pipeline.export import tensor_data, vocabulary, writer
from specship.pipeline.gguf import names
from specship.pipeline.inference.decoder import Decoder
from specship.pipeline.inference.llamacpp import LlamaCppRequest, ask_llama_cpp
from tests.editing import copy_of, edit_json
from tests.models.inference_chain import checkpoint, made

PROMPTS = (tuple(range(40, 70)), (5, 9, 300, 301), (1,) * 20)
STEPS = 64


def agreements(gguf: Any, folder: Path) -> list[Agreement]:
    """What llama.cpp says on a file against what a checkpoint says."""
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(gguf), prompts=PROMPTS, steps=STEPS))
    opened = open_any_checkpoint(folder)
    decoder = Decoder(opened)
    return [
        teacher_forced(decoder, prompt, steps, barred_ids=opened.shape.eos_ids)
        for prompt, steps in zip(PROMPTS, answer.completions, strict=True)
    ]


@pytest.mark.parametrize("shape", [{"tied": True}, {"tied": False, "head_dim": 24}], ids=str)
def test_llama_cpp_writes_the_checkpoints_tokens(tmp_path: Path, shape: Any) -> None:
    writer.export_gguf(checkpoint(**shape), tmp_path / "model.gguf")
    found = agreements(tmp_path / "model.gguf", checkpoint(**shape))
    assert [one.steps for one in found] == [STEPS] * 3
    assert sum(one.differing for one in found) == 0
    assert sum(one.logprobs for one in found) > 300
    assert max(one.max_abs_logprob for one in found) < 1e-3


def test_llama_cpp_opens_quantized_exports_too(tmp_path: Path) -> None:
    """The fewer bits, the further its log-probabilities are from the checkpoint's; none agrees exactly."""
    furthest = []
    for dtype in ("F32", "BF16", "Q8_0", "Q4_0"):
        writer.export_gguf(checkpoint(), tmp_path / f"{dtype}.gguf", dtype=dtype)
        found = agreements(tmp_path / f"{dtype}.gguf", checkpoint())
        assert sum(one.logprobs for one in found) > 100
        furthest.append(max(one.max_abs_logprob for one in found))

    assert furthest == sorted(furthest)
    assert furthest[0] < 1e-3 < furthest[1]
    assert furthest[2] < 1.0


def rows_not_reordered(monkeypatch: pytest.MonkeyPatch, _: Any) -> None:
    monkeypatch.setattr(tensor_data, "interleave_rows", lambda array, _: array)


def rotation_base(_: Any, folder: Path) -> None:
    edit_json(folder / "config.json", rope_parameters={"rope_type": "default", "rope_theta": 5000.0})


def norm_epsilon(_: Any, folder: Path) -> None:
    edit_json(folder / "config.json", rms_norm_eps=0.1)


@pytest.mark.parametrize("fault", [rows_not_reordered, rotation_base, norm_epsilon])
def test_a_wrong_export_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any) -> None:
    folder = copy_of(checkpoint(), tmp_path / "changed")
    fault(monkeypatch, folder)
    writer.export_gguf(folder, tmp_path / "model.gguf")
    monkeypatch.undo()
    found = agreements(tmp_path / "model.gguf", checkpoint())
    assert sum(one.differing for one in found) > 0
    assert max(one.max_abs_logprob for one in found) > 1e-3


def class_name_for_architecture(monkeypatch: pytest.MonkeyPatch) -> None:
    named = names.Architecture(name="LlamaForCausalLM")
    monkeypatch.setattr(writer, "architecture_of", lambda *_: named)


def short_token_list(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vocabulary.read_vocabulary
    monkeypatch.setattr(writer, "read_vocabulary", lambda path, _: whole(path, 500))


def dropped_tensor(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = names.renamed_tensors
    monkeypatch.setattr(writer, "renamed_tensors", lambda shape: whole(shape)[:-1])


@pytest.mark.parametrize("fault", [class_name_for_architecture, short_token_list, dropped_tensor])
def test_llama_cpp_refuses_a_broken_export_and_we_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    fault(monkeypatch)
    writer.export_gguf(checkpoint(), tmp_path / "model.gguf")
    with pytest.raises(UnusableInput, match=r"llama\.cpp refuses the file"):
        ask_llama_cpp(LlamaCppRequest(gguf=str(tmp_path / "model.gguf"), prompts=PROMPTS, steps=1))


def test_half_a_file_never_reaches_llama_cpp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (made("gguf") / "model.gguf").read_bytes()
    (tmp_path / "half.gguf").write_bytes(data[: len(data) // 2])
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(DamagedArtifact, match="cut"):
        ask_llama_cpp(LlamaCppRequest(gguf=str(tmp_path / "half.gguf")))


def test_a_child_that_does_not_end_is_ended() -> None:
    request = LlamaCppRequest(gguf=str(made("gguf") / "model.gguf"), prompts=PROMPTS, steps=STEPS)
    with pytest.raises(StageFailed, match="did not answer within"):
        ask_llama_cpp(request, timeout_seconds=0.01)


@pytest.mark.parametrize(("ending", "message"), [("os.abort()", "SIGABRT"), ("exit(3)", "status 3")])
def test_a_crash_is_an_error_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, ending: Any, message: str
) -> None:
    whole = subprocess.Popen
    code = f"import os; {ending}"
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: whole([command[0], "-c", code], **more))
    with pytest.raises(StageFailed, match=message):
        ask_llama_cpp(LlamaCppRequest(gguf=str(made("gguf") / "model.gguf")))


def test_too_long_a_prompt_is_refused() -> None:
    request = LlamaCppRequest(gguf=str(made("gguf") / "model.gguf"), prompts=((1,) * 120,), steps=64)
    with pytest.raises(UnusableInput, match="positions are wanted"):
        ask_llama_cpp(request)


def test_the_child_never_holds_torch() -> None:
    """Imported in a fresh interpreter, the child's module brings no torch."""
    code = "import sys, specship.pipeline.inference.llamacpp; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0


def test_bytes_after_the_reader_accepted_are_the_bytes_that_were_opened() -> None:
    answer = ask_llama_cpp(LlamaCppRequest(gguf=str(made("gguf") / "model.gguf"), texts=("def f():\n",)))
    opened = open_any_checkpoint(checkpoint())
    assert answer.gguf_sha256 == json.loads((made("parity") / "parity.json").read_text())["gguf_sha256"]
    assert list(answer.tokenized[0]) == opened.tokenizer().encode("def f():\n").ids
