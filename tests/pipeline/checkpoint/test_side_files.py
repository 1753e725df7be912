"""Files beside the weights are looked at on import, as the verbs that read them will look."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from specship.pipeline.checkpoint.inventory import account
from tests.models.foreign_checkpoints import foreign


def written(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


def linked(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).symlink_to("/etc/hostname")


CONFIG: Final = "tokenizer_config.json"
ODD: Final[dict[str, tuple[Callable[[Path], object], str, str]]] = {
    "a link": (linked(CONFIG), CONFIG, "it is a link"),
    "a template that is a link": (linked("chat_template.jinja"), "chat_template.jinja", "it is a link"),
    "a licence that is a link": (linked("LICENSE"), "LICENSE", "it is a link"),
    "no JSON": (written("special_tokens_map.json", "{"), "special_tokens_map.json", ""),
    "a list": (written("added_tokens.json", "[]"), "added_tokens.json", "not a JSON object"),
    "a template that is a number": (
        written(CONFIG, json.dumps({"chat_template": 3})),
        CONFIG,
        "chat_template",
    ),
}


@pytest.mark.parametrize(("spoil", "name", "message"), ODD.values(), ids=ODD)
def test_it_is_named(tmp_path: Path, spoil: Any, name: str, message: str) -> None:
    folder = foreign("llama").write(tmp_path / "theirs")
    assert account(folder).misfits == ()
    spoil(folder)
    [found] = account(folder).misfits
    assert (found.kind, found.name) == ("file", name)
    assert message in found.message
    assert found.mend
