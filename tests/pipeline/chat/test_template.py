"""Chat templates: found, rendered as `transformers` renders them, and bounded; what a model wants is decided."""

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from specship.errors import DamagedArtifact, SpecshipError, UnknownName, UnusableInput
from specship.pipeline.chat import rendering
from specship.pipeline.chat.decision import chat_decision
from specship.pipeline.chat.rendering import render, render_all
from specship.pipeline.chat.template import ChatTemplate, read_template, read_templates
from tests.editing import edit_json
from tests.models.chat_checkpoints import CHATML, CONVERSATIONS, LLAMA3, OURS, TEMPLATES, chat_checkpoint

QUESTION = CONVERSATIONS["question"]


def template(text: str) -> ChatTemplate:
    """A template that no checkpoint has."""
    return ChatTemplate(text, "chat_template.jinja", {"bos": "<s>", "eos": "</s>"}, Path("model"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint with ChatML that a test may change."""
    return Path(shutil.copytree(chat_checkpoint("chatml"), tmp_path / "model"))


@pytest.mark.parametrize("kind", TEMPLATES)
def test_the_prompt_is_the_one_of_transformers(kind: str) -> None:
    from transformers import AutoTokenizer

    path = chat_checkpoint(kind)
    theirs = AutoTokenizer.from_pretrained(path)
    for prompted in (True, False):
        ours = render_all(path, list(CONVERSATIONS.values()), add_generation_prompt=prompted)
        assert ours == [
            theirs.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompted)
            for messages in CONVERSATIONS.values()
        ]


EXTENSIONS = {
    "json": "{{ messages | tojson }} {{ {'b': '<é>', 'a': [1, none, true]} | tojson(indent=2, sort_keys=true) }}",
    "loops": "{% for n in range(9) %}{% if n == 2 %}{% continue %}{% endif %}{% if n > 4 %}{% break %}{% endif %}{{ n }}{% endfor %}",
    "generation": "{% set a = 1 %}{% generation %}{{ a }}{{ messages[0].content }}{% endgeneration %}|",
    "undefined": "[{{ unk_token }}][{{ tools }}][{{ documents }}][{{ messages[0].name }}]",
    "namespace": "{% set ns = namespace(found=false, self=1) %}{% set ns.found = 'x' %}{{ ns.found }}{{ dict(a=1).a }}",
    "reasoning": "{{ messages[-1].reasoning_content }}/{{ messages[-1].thinking }}/{{ messages[-1].tool_calls }}",
    "blanks": "\n  {% if true %}\n   x  {#- c #}\n  {%- endif +%}\n y\n",
    "filters": "{{ messages[0].content.split(' ') | last | title }}{{ ' a ' | trim }}{{ [3,1] | sort | join('-') }}",
}


@pytest.mark.parametrize("name", EXTENSIONS)
def test_whatever_a_template_may_use_is_that_of_transformers(name: str) -> None:
    from transformers import AutoTokenizer

    messages: list[dict[str, Any]] = [
        *QUESTION,
        {"role": "assistant", "reasoning": "because", "content": "4"},
    ]
    messages[-1]["tool_calls"] = None
    theirs = AutoTokenizer.from_pretrained(chat_checkpoint("ours"))
    theirs.chat_template = EXTENSIONS[name]
    assert render(template(EXTENSIONS[name]), messages) == theirs.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True
    )


def test_the_time_that_a_template_reads_can_be_given() -> None:
    moment = dt.datetime(2024, 7, 26, tzinfo=dt.UTC)
    assert render(template("{{ strftime_now('%d %b %Y') }}"), QUESTION, now=moment) == "26 Jul 2024"
    today = dt.datetime.now().astimezone()
    assert render(template("{{ strftime_now('%Y') }}"), QUESTION) in {str(today.year), str(today.year + 1)}


HOSTILE = {
    "memory": ("{{ 'x' * 10**10 }}", "more memory"),
    "output": ("{% for n in range(9999) %}{{ 'x' * 999 }}{% endfor %}", "more than 4194304 characters"),
    "recursion": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself without end"),
    "nesting": ("{{" + "(" * 3000 + "1" + ")" * 3000 + "}}", "calls itself without end"),
    "escape": ("{{ ''.__class__.__mro__ }}", "sandbox forbids"),
    "attribute": ("{{ (1 | attr('__class__')).mro() }}", "sandbox forbids"),
    "change": ("{{ messages.append(1) }}", "sandbox forbids"),
    "hidden": ("{% set n = namespace(__x=1) %}", "sandbox forbids"),
    "range": ("{{ range(10**9) }}", "Range too big"),
    "syntax": ("one\n{% if %}", "line 2"),
    "refused": ("{{ raise_exception('roles must alternate') }}", "refuses the messages: roles must alternate"),
    "type": ("{{ 3 + 'a' }}", "TypeError"),
    "file": ("{% include '/etc/passwd' %}", "no loader"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_a_clear_error(name: str) -> None:
    text, message = HOSTILE[name]
    with pytest.raises(UnusableInput, match=message) as caught:
        render(template(text), QUESTION)
    assert "model (chat_template.jinja)" in str(caught.value)
    assert "why:" in str(caught.value)


def test_an_endless_template_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its processor time; and by the clock, should that not come first."""
    endless = template("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
    monkeypatch.setattr(rendering, "CPU_SECONDS", 1)
    with pytest.raises(UnusableInput, match="did not end within 1 s of processor time"):
        render(endless, QUESTION)
    monkeypatch.setattr(rendering, "_WALL_SECONDS", 0.5)
    with pytest.raises(UnusableInput, match=r"did not end within 0.5 s"):
        render(endless, QUESTION)


def test_a_file_counts_before_the_configuration(folder: Path) -> None:
    assert (found := read_template(folder))
    assert (found.source, found.text, len(found.sha256)) == ("chat_template.jinja", CHATML, 64)
    edit_json(folder / "tokenizer_config.json", chat_template=LLAMA3)
    assert (found := read_template(folder))
    assert found.text == CHATML
    (folder / "chat_template.jinja").unlink()
    assert (found := read_template(folder))
    assert (found.source, found.text) == ("tokenizer_config.json", LLAMA3)


@pytest.mark.parametrize("shape", ["list", "object", "files"])
def test_named_templates(folder: Path, shape: str) -> None:
    from transformers import AutoTokenizer

    texts = {"default": CHATML, "tool_use": OURS}
    if shape == "files":
        (folder / "additional_chat_templates").mkdir()
        (folder / "additional_chat_templates" / "tool_use.jinja").write_text(OURS)
    else:
        (folder / "chat_template.jinja").unlink()
        entry = [{"name": name, "template": text} for name, text in texts.items()]
        edit_json(folder / "tokenizer_config.json", chat_template=texts if shape == "object" else entry)
    assert {name: one.text for name, one in read_templates(folder).items()} == texts
    assert AutoTokenizer.from_pretrained(folder).chat_template == texts
    with pytest.raises(UnknownName, match="write 'tool_use'"):
        read_template(folder, "tool_uses")


BASE = {"eos_token": "<|endoftext|>"}
DAMAGED: dict[str, tuple[dict[str, Any], str]] = {
    "number": ({"chat_template": 3}, "neither a text nor"),
    "list": ({"chat_template": ["a"]}, "neither a text nor"),
    "unnamed": ({"chat_template": [{"template": "a"}]}, "neither a text nor"),
    "long": ({"chat_template": "é" * (1 << 19) + "x"}, "longer than 1048576 bytes"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_template_is_refused(folder: Path, name: str) -> None:
    change, message = DAMAGED[name]
    (folder / "chat_template.jinja").unlink()
    edit_json(folder / "tokenizer_config.json", **change)
    with pytest.raises(DamagedArtifact, match=message):
        chat_decision(folder)


def test_a_template_file_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(DamagedArtifact, match="not UTF-8"):
        read_templates(folder)
    (folder / "chat_template.jinja").unlink()
    (folder / "chat_template.jinja").symlink_to("/etc/passwd")
    with pytest.raises(DamagedArtifact, match="link"):
        read_templates(folder)


def test_without_a_template_nothing_is_rendered(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(UnusableInput, match="there is no chat template"):
        render(folder, QUESTION)
    with pytest.raises(UnusableInput, match="no such checkpoint"):
        render(folder / "absent", QUESTION)
    with pytest.raises(UnusableInput, match="without messages"):
        render_all(template("x"), [[]])


@pytest.mark.parametrize("kind", TEMPLATES)
def test_a_model_that_stops_where_its_template_ends_a_turn_wants_it(kind: str) -> None:
    decision = chat_decision(chat_checkpoint(kind))
    assert decision.wants
    assert decision.end_of_turn == {"chatml": "<|im_end|>", "llama3": "<|eot_id|>", "ours": "</s>"}[kind]
    assert decision.end_of_turn_id in decision.stop_ids
    assert (decision.template_sha256, decision.source) == (
        template(TEMPLATES[kind]).sha256,
        "chat_template.jinja",
    )


def test_a_base_model_with_its_siblings_template_does_not(folder: Path) -> None:
    """As the base models of Qwen: ChatML is there, `<|endoftext|>` is all that they stop at."""
    edit_json(folder / "config.json", eos_token_id=0)
    edit_json(folder / "generation_config.json", eos_token_id=0)
    edit_json(folder / "tokenizer_config.json", **BASE)
    decision = chat_decision(folder)
    assert (decision.wants, decision.stop_ids, decision.end_of_turn) == (False, (0,), "<|im_end|>")
    assert "base model" in decision.why
    edit_json(folder / "generation_config.json", eos_token_id=[decision.end_of_turn_id, 0])
    assert chat_decision(folder).wants


def test_decisions_at_the_edges(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    )
    decision = chat_decision(folder)
    assert (decision.wants, decision.end_of_turn) == (True, None)
    (folder / "chat_template.jinja").write_text("{{ raise_exception('never') }}")
    with pytest.raises(UnusableInput, match="never"):
        chat_decision(folder)
    (folder / "chat_template.jinja").unlink()
    decision = chat_decision(folder)
    assert (decision.wants, decision.template_sha256, decision.source) == (False, None, None)
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": "x"}))
    with pytest.raises(SpecshipError, match="eos_token_id is x"):
        chat_decision(folder)
