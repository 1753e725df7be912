"""`specship eval bits-per-byte` and `python-syntax`: figures against independent witnesses."""

import ast
import contextlib
import io
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specship.cli import main
from specship.pipeline.evaluation.bits_per_byte import windows
from tests.editing import copy_of, edit_json
from tests.models import inference_chain, learned_by_heart
from tests.processes import specship

TEXT = "def add(a, b):\n    return a + b\n\n\nclass Café:\n    '''naïve 🙂'''\n"


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command in this process: torch is imported once for all tests."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["eval", *map(str, arguments)])
    return subprocess.CompletedProcess(list(arguments), status, out.getvalue(), err.getvalue())


def figures(*arguments: str | Path) -> dict[str, Any]:
    done = evaluate(*arguments, "--format", "json")
    assert done.returncode in {0, 1}, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    return inference_chain.checkpoint()


@pytest.fixture(scope="module")
def memorised() -> tuple[Path, Path]:
    return learned_by_heart.memorised()


@given(st.integers(1, 400), st.integers(2, 64))
def test_each_token_is_scored_once_with_half_a_window_before_it(inputs: int, window: int) -> None:
    scored: list[int] = []
    for begin, end, first in windows(inputs, window):
        assert end - begin <= window
        assert begin == 0 or first - begin >= window - window // 2
        scored += range(first, end)

    assert scored == list(range(inputs))


def test_bits_per_byte_is_what_transformers_says(checkpoint: Path, tmp_path: Path) -> None:
    import torch
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    text = tmp_path / "text.py"
    text.write_text(TEXT, encoding="utf-8")
    ids = [0, *Tokenizer.from_file(str(checkpoint / "tokenizer.json")).encode(TEXT).ids]
    model: Any = LlamaForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)
    with torch.inference_mode():
        batch = torch.tensor([ids])
        nats = float(model(input_ids=batch, labels=batch).loss) * (len(ids) - 1)

    found = figures("bits-per-byte", checkpoint, "--text", text)

    assert found["tokens"] == len(ids) - 1
    assert found["bytes"] == len(TEXT.encode())
    assert found["bits_per_byte"] == pytest.approx(nats / math.log(2) / len(TEXT.encode()), rel=1e-5)
    assert found["lossy_documents"] == 0
    assert found["standard_error"] is None


def test_a_text_known_by_heart_costs_less_than_another(
    memorised: tuple[Path, Path], checkpoint: Path
) -> None:
    model, text = memorised
    known = figures("bits-per-byte", model, "--text", text)
    never = figures("bits-per-byte", checkpoint, "--text", text)

    assert known["bits_per_byte"] < 0.5 < never["bits_per_byte"]
    assert known["weights_digest"] != never["weights_digest"]
    assert known["text_digest"] == never["text_digest"]


def test_a_gguf_says_the_same_as_its_checkpoint(checkpoint: Path) -> None:
    exported = inference_chain.made("gguf") / "model.gguf"
    corpus = inference_chain.corpus()
    ours = figures("bits-per-byte", checkpoint, "--text", corpus, "--window", "64")
    theirs = figures("bits-per-byte", exported, "--text", corpus, "--window", "64")

    assert ours["documents"] >= 2
    assert ours["standard_error"] > 0
    assert theirs["bits_per_byte"] == pytest.approx(ours["bits_per_byte"], rel=1e-6)


def test_a_tokenizer_that_loses_text_is_a_finding(checkpoint: Path, tmp_path: Path) -> None:
    lossy = copy_of(checkpoint, tmp_path / "lossy")
    edit_json(lossy / "tokenizer.json", normalizer={"type": "Lowercase"})
    text = tmp_path / "text.txt"
    text.write_text("Upper Case\n")

    done = evaluate("bits-per-byte", lossy, "--text", text)

    assert done.returncode == 1
    assert "LOSSY          1 documents do not come back as they were" in done.stdout


def test_what_is_no_text_is_named(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "good.py").write_text("x = 1\n")
    (folder / "latin.py").write_bytes(b"# caf\xe9\n")
    (folder / "empty.py").write_bytes(b"")
    (folder / "again.py").write_text("x = 1\n")
    (folder / "link.py").symlink_to(folder / "good.py")

    found = figures("bits-per-byte", checkpoint, "--text", folder)

    assert found["documents"] == 1
    assert {one["path"]: one["reason"] for one in found["skipped"]} == {
        "latin.py": "not UTF-8 at byte 5",
        "empty.py": "is empty",
        "good.py": "the same text as again.py",
        "link.py": "symbolic link",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", "missing.py"], "cannot be read as text"),
        (["--text", "latin.py"], "not UTF-8 at byte 0"),
        (["--text", "nothing"], "no readable file ends in"),
        (["--text", "good.py", "--window", "1"], "a window of 1 tokens"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_unusable_input_has_status_2(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "latin.py").write_bytes(b"\xe9")
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "nothing").mkdir()
    done = specship("eval", "bits-per-byte", checkpoint, *arguments, folder=tmp_path)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_learnt_parses_and_noise_does_not(
    memorised: tuple[Path, Path], checkpoint: Path, tmp_path: Path
) -> None:
    model, text = memorised
    out = tmp_path / "bodies.jsonl"
    asked = ["--text", str(text), "--prompts", "8", "--new-tokens", "24"]
    learnt = figures("python-syntax", model, *asked, "--context-tokens", "200", "--out", out)
    noise = figures("python-syntax", checkpoint, *asked)

    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert learnt["completions"] == len(lines) == 8
    assert learnt["valid"] == 8 - learnt["syntax_errors"] >= 6
    for line in lines:
        if line["valid"]:
            ast.parse(line["header"] + line["body"])
    assert noise["syntax_errors"] >= 7
    assert all(one["fault"] for one in noise["results"] if not one["valid"])


def test_samples_have_seeds_of_their_own_and_come_again(memorised: tuple[Path, Path]) -> None:
    model, text = memorised
    asked = [
        "--text",
        str(text),
        "--prompts",
        "2",
        "--new-tokens",
        "16",
        "--samples",
        "2",
        "--temperature",
        "1.5",
    ]
    first, again = figures("python-syntax", model, *asked), figures("python-syntax", model, *asked)

    assert first["results"] == again["results"]
    assert first["completions"] == 4
    assert first["distinct_bodies"] > 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--samples", "2"], "greedy decoding has one completion a prompt"),
        (["--prompts", "0"], "--prompts is 0"),
        (["--temperature", "nan"], "--temperature is nan"),
        (["--prompts", "500"], "prompts, 500 are wanted"),
        (["--new-tokens", "4000"], "prompts, 8 are wanted"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_syntax_refuses_what_cannot_be_asked(
    memorised: tuple[Path, Path], changed: list[str], message: str
) -> None:
    model, text = memorised
    done = evaluate("python-syntax", model, "--text", text, "--prompts", "8", *changed)

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert message in done.stderr
