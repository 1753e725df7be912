"""Prompts rendered here and by llama.cpp; `specship run --chat`."""

import shutil
from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.pipeline.chat.decision import chat_decision
from specship.pipeline.chat.rendering import render
from specship.pipeline.comparison.chat_templates import compare_renderings
from specship.pipeline.export.writer import export_gguf
from tests.editing import edit_json
from tests.models.chat_checkpoints import CONVERSATIONS, LLAMA3, OURS, TEMPLATES, chat_checkpoint
from tests.models.tokenizer_kinds import beginning
from tests.processes import inside, specship

MESSAGES = list(CONVERSATIONS.values())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF of each kind."""
    folder = tmp_path_factory.mktemp("exported")
    for kind in TEMPLATES:
        export_gguf(chat_checkpoint(kind), folder / f"{kind}.gguf")
    return folder


@pytest.mark.parametrize("kind", TEMPLATES)
def test_llama_cpp_renders_the_same_text_and_tokens(exported: Path, kind: str) -> None:
    figures = compare_renderings(chat_checkpoint(kind), exported / f"{kind}.gguf", MESSAGES)
    assert figures.equal
    assert figures.same_template
    assert (figures.conversations, figures.first_difference) == (3, "")
    assert figures.tokens > 150


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_gguf_carries_template_and_decision(exported: Path, kind: str) -> None:
    gguf, folder = exported / f"{kind}.gguf", chat_checkpoint(kind)
    ours, theirs = chat_decision(folder), chat_decision(gguf)
    assert (theirs.wants, theirs.template_sha256, theirs.end_of_turn_id) == (
        ours.wants,
        ours.template_sha256,
        ours.end_of_turn_id,
    )
    assert theirs.source == "tokenizer.chat_template"
    assert render(gguf, MESSAGES[1]) == render(folder, MESSAGES[1])


def test_a_begin_token_counts_once(tmp_path: Path) -> None:
    """The template writes it, and llama.cpp adds one by itself: the tokens are still the same."""
    folder = Path(shutil.copytree(chat_checkpoint("llama3"), tmp_path / "model"))
    edit_json(folder / "tokenizer.json", post_processor=beginning("<|begin_of_text|>", 0))
    written = export_gguf(folder, tmp_path / "m.gguf")
    assert written.metadata["tokenizer.ggml.add_bos_token"] is True
    assert compare_renderings(folder, written.path, MESSAGES).equal


def test_another_template_is_seen(exported: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(chat_checkpoint("ours"), tmp_path / "model"))
    (folder / "chat_template.jinja").write_text(OURS.replace("ANSWER", "Answer"))
    figures = compare_renderings(folder, exported / "ours.gguf", MESSAGES[:1])
    assert (figures.equal, figures.differing_texts, figures.differing_ids) == (False, 1, 1)
    assert not figures.same_template
    assert "here, 'NSWER:' in llama.cpp" in figures.first_difference


def test_other_tokens_of_the_same_text_are_seen(tmp_path: Path) -> None:
    """A special token that became plain text in the export."""
    folder = Path(shutil.copytree(chat_checkpoint("llama3"), tmp_path / "model"))
    written = export_gguf(folder, tmp_path / "m.gguf")
    edit_json(folder / "tokenizer.json", added_tokens=[])
    figures = compare_renderings(folder, written.path, MESSAGES[:1])
    assert (figures.differing_texts, figures.differing_ids) == (0, 1)
    assert figures.first_difference.startswith("token 0: ")


def test_named_templates_are_exported(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(chat_checkpoint("chatml"), tmp_path / "model"))
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tool-use.jinja").write_text(LLAMA3)
    written = export_gguf(folder, tmp_path / "m.gguf").metadata
    assert written["tokenizer.chat_templates"] == ["tool_use"]
    assert written["tokenizer.chat_template.tool_use"] == LLAMA3
    (folder / "chat_template.jinja").write_text("{{ raise_exception('no') }}")
    with pytest.raises(UnusableInput, match="refuses the messages"):
        compare_renderings(folder, tmp_path / "m.gguf", MESSAGES)


def test_run_with_a_chat_template(exported: Path) -> None:
    """From a folder and from a GGUF; with a system message."""
    folder = chat_checkpoint("chatml")
    expected = render(folder, [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Hi"}])
    options = ("Hi", "--chat", "--system", "Be terse.", "--tokens", "4")
    ran = [inside(exported, "run", model, *options) for model in (folder, exported / "chatml.gguf")]
    assert [done.returncode for done in ran] == [0, 0]
    assert ran[0].stdout == ran[1].stdout
    assert ran[0].stdout.startswith(expected)
    assert len(ran[0].stdout) > len(expected) + 1
    assert ran[0].stderr == ""


def test_run_of_a_base_model_says_that_it_is_one(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(chat_checkpoint("chatml"), tmp_path / "model"))
    for name in ("config.json", "generation_config.json"):
        edit_json(folder / name, eos_token_id=0)
    edit_json(folder / "tokenizer_config.json", eos_token=None)
    done = inside(tmp_path, "run", folder, "Hi", "--chat", "--tokens", "1")
    assert done.returncode == 0
    assert "note: its chat template ends an answer with <|im_end|>" in done.stderr


def test_run_without_a_template_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(chat_checkpoint("chatml"), tmp_path / "model"))
    done = specship("run", folder, "Hi", "--system", "x", folder=tmp_path)
    assert (done.returncode, "--system belongs to --chat" in done.stderr) == (2, True)
    (folder / "chat_template.jinja").unlink()
    done = inside(tmp_path, "run", folder, "Hi", "--chat")
    assert (done.returncode, "there is no chat template" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr
