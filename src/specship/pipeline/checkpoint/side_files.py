"""Files beside configuration, weights and tokenizer, each read once as the verbs will read it.

    tokenizer_config.json  special_tokens_map.json  added_tokens.json  chat templates  LICENSE ...

What one verb refuses later is named by the inventory already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from specship.bounds import CHAT_TEMPLATE_BYTES
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.weight_files import Misfit, refuse_link, shown_name
from specship.pipeline.tokenizer.files import SPECIAL_TOKENS, TOKENIZER_CONFIG, read_object, refuse
from specship.strict_json import read_bytes

JSON_FILES: Final = (TOKENIZER_CONFIG, SPECIAL_TOKENS, "added_tokens.json")
PLAIN_FILES: Final = ("tokenizer.model", "vocab.json", "merges.txt", "LICENSE")
TEMPLATE: Final = "chat_template.jinja"
_TEMPLATE_FOLDER: Final = "additional_chat_templates"
_MEND: Final = "take the file from the same checkpoint"


def side_misfits(folder: Path) -> list[Misfit]:
    """Every file that is a link out of the folder, or that cannot be read."""
    templates = [
        f"{_TEMPLATE_FOLDER}/{path.name}" for path in sorted((folder / _TEMPLATE_FOLDER).glob("*.jinja"))
    ]
    readers = (
        *((name, _read_json) for name in JSON_FILES),
        *((name, refuse_link) for name in (*PLAIN_FILES, _TEMPLATE_FOLDER)),
        *((name, _read_template) for name in (TEMPLATE, *templates)),
    )
    return list(_refused(folder, readers))


def _read_json(path: Path) -> None:
    refuse_link(path)
    document = read_object(path)
    if not isinstance(document.get("chat_template"), str | list | dict | None):
        refuse(path, "chat_template is neither a text nor a list of named ones")


def _read_template(path: Path) -> None:
    refuse_link(path)
    if not path.exists():
        return
    try:
        read_bytes(path, CHAT_TEMPLATE_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DamagedArtifact(f"the chat template is not UTF-8 ({error.reason})", at=path) from error


def _refused(folder: Path, readers: Iterable[tuple[str, Callable[[Path], None]]]) -> Iterator[Misfit]:
    for name, read in readers:
        try:
            read(folder / name)
        except UnusableInput as error:
            yield Misfit("file", shown_name(name), error.message, error.mend or _MEND)
