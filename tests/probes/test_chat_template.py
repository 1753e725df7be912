"""The probe of chat templates: sound, with a planted fault, unreadable."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.errors import SpecshipError
from specship.pipeline.export.writer import export_gguf
from specship.pipeline.publication.foreign_checkpoint import CHAT_TEMPLATE
from tests.editing import copy_of, edit_json
from tests.models.imported_chain import made, measure

GOLDEN = "<|im_start|>user\nWrite a function that adds two numbers.<|im_end|>\n<|im_start|>assistant\n"
SHOUTING = CHAT_TEMPLATE.replace("message['role'] +", "message['role'].upper() +")


def test_a_sound_template_renders_as_llama_cpp_and_a_person_do() -> None:
    found = measure("chat.template")

    assert (found["conversations"], found["differing_texts"], found["differing_ids"]) == (5, 0, 0)
    assert (found["same_template"], found["golden"]) == ("yes", GOLDEN)
    assert (found["evaluations"], found["evaluations_silent"]) == (1, 0)
    assert found["wants_template"] == "yes"  # it stops where its template ends a turn


def with_template(folder: Path, template: str | None) -> Path:
    """A copy of the checkpoint with another template, or with none."""
    copy = copy_of(made("checkpoint"), folder)
    path = copy / "chat_template.jinja"
    path.unlink()
    if template is not None:
        path.write_text(template)
    return copy


def exported(folder: Path, template: str | None) -> Path:
    checkpoint = with_template(folder / "source", template)
    export_gguf(checkpoint, folder / "model.gguf")
    return folder


def dropped_by_the_export(folder: Path) -> dict[str, Path]:
    return {"gguf": exported(folder, None)}


def another_one_exported(folder: Path) -> dict[str, Path]:
    return {"gguf": exported(folder, SHOUTING)}


def another_one_in_both(folder: Path) -> dict[str, Path]:
    return {"checkpoint": with_template(folder / "own", SHOUTING), "gguf": exported(folder, SHOUTING)}


def none_at_all(folder: Path) -> dict[str, Path]:
    return {"checkpoint": with_template(folder / "own", None), "gguf": exported(folder, None)}


def not_recorded(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("completions"), folder / "completions")
    edit_json(copy / "generations.json", prompt_format="")
    return {"completions": copy}


def decided_otherwise(folder: Path) -> dict[str, Path]:
    copy = copy_of(made("completions"), folder / "completions")
    edit_json(copy / "generations.json", chat={"wants": True})
    return {"completions": copy}


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (dropped_by_the_export, {"same_template": "no", "differing_texts": 5, "golden": None}),
        (another_one_exported, {"same_template": "no", "differing_texts": 5, "golden": GOLDEN}),
        (
            another_one_in_both,
            {"same_template": "yes", "differing_texts": 0, "golden": GOLDEN.replace("user", "USER")},
        ),
        (none_at_all, {"differing_texts": 5, "golden": None, "wants_template": "no"}),
        (not_recorded, {"evaluations_silent": 1, "differing_texts": 0}),
        (decided_otherwise, {"evaluations_silent": 1, "differing_texts": 0}),
    ],
)
def test_a_template_that_is_not_honoured_is_seen(
    plant: Callable[[Path], dict[str, Path]], seen: dict[str, Any], tmp_path: Path
) -> None:
    found = measure("chat.template", **plant(tmp_path))

    assert {name: found[name] for name in seen} == seen


def test_a_template_that_cannot_be_rendered_is_told_so(tmp_path: Path) -> None:
    folder = with_template(tmp_path / "checkpoint", "{% for %}")

    with pytest.raises(SpecshipError, match="template"):
        measure("chat.template", checkpoint=folder)
