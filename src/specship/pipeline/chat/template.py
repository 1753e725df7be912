"""The chat template of a checkpoint folder or a GGUF file; found here, rendered in `rendering`.

In a folder, files count in the order of `transformers`: `chat_template.jinja` (and what lies in
`additional_chat_templates/`), then the entry of `tokenizer_config.json`, one text or a list of named ones.
In a GGUF: `tokenizer.chat_template`, and `tokenizer.chat_template.NAME` for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from specship.bounds import CHAT_TEMPLATE_BYTES
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, UnknownName, UnusableInput, did_you_mean
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.tokenizer.files import (
    SPECIAL_ROLES,
    TOKENIZER_CONFIG,
    read_object,
    refuse,
    special_texts,
)
from specship.strict_json import read_bytes

TEMPLATE_FILE: Final = "chat_template.jinja"
TEMPLATE_FOLDER: Final = "additional_chat_templates"
GGUF_KEY: Final = "tokenizer.chat_template"
GGUF_NAMES: Final = "tokenizer.chat_templates"
DEFAULT: Final = "default"
_GGUF_ROLES: Final = {"bos": "bos", "eos": "eos", "unk": "unknown", "sep": "seperator", "pad": "padding"}
"""How GGUF spells the roles of special tokens (`seperator` is its own spelling)."""


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A template, where it was found, and the special tokens that it may write."""

    text: str
    source: str
    """The file or GGUF key that it stands in, without the folder."""
    special_tokens: Mapping[str, str]
    """Text of each special token by its role (`bos`, `eos`, ...)."""
    path: Path
    name: str = DEFAULT

    @property
    def sha256(self) -> str:
        """Hex sha256 of its text in UTF-8."""
        return sha256_bytes(self.text.encode())


def read_templates(path: Path) -> dict[str, ChatTemplate]:
    """Every template of a checkpoint folder or a GGUF file by its name; empty where there is none.

    Raises:
        UnusableInput: there is no such file or folder.
        DamagedArtifact: a file cannot be read, or a template is no text within its bound.
    """
    if path.is_dir():
        texts = _texts_of_folder(path)
        special = special_texts(path) if texts else {}
    elif path.exists():
        metadata = read_gguf(path).metadata
        texts, special = _texts_of_gguf(metadata), gguf_special_texts(metadata)
    else:
        raise UnusableInput("no such checkpoint", at=path, mend="give a checkpoint folder or a GGUF file")
    return {
        name: ChatTemplate(_within_bounds(text, path, source), source, special, path, name)
        for name, (text, source) in texts.items()
    }


def read_template(path: Path, name: str = DEFAULT) -> ChatTemplate | None:
    """One template of a checkpoint; None where the checkpoint has no template at all.

    Raises:
        UnknownName: it has templates, but none of this name.
        UnusableInput, DamagedArtifact: as `read_templates`.
    """
    found = read_templates(path)
    if not found:
        return None
    if name not in found:
        raise UnknownName(
            f"no chat template is called {name!r}",
            at=path,
            why=f"there are: {', '.join(sorted(found))}",
            mend=did_you_mean(name, found) or "name one of them",
        )
    return found[name]


def needed_template(path: Path, name: str = DEFAULT) -> ChatTemplate:
    """The same of a checkpoint that must have one.

    Raises:
        UnusableInput: it has none, and as `read_template`.
    """
    template = read_template(path, name)
    if template is None:
        raise UnusableInput(
            "there is no chat template",
            at=path,
            why="messages become a prompt only by the template that the model was trained with; "
            "another one would be answered, and worse",
            mend="give the prompt as plain text, or use the checkpoint that was tuned for chat",
        )
    return template


def _texts_of_folder(folder: Path) -> dict[str, tuple[str, str]]:
    """Text and source of each template."""
    files = {DEFAULT: folder / TEMPLATE_FILE}
    files |= {path.stem: path for path in sorted((folder / TEMPLATE_FOLDER).glob("*.jinja"))}
    present = {name: path for name, path in files.items() if path.exists() or path.is_symlink()}
    if present:
        return {name: (_template_file(path), str(path.relative_to(folder))) for name, path in present.items()}
    entry = read_object(folder / TOKENIZER_CONFIG).get("chat_template")
    return {name: (text, TOKENIZER_CONFIG) for name, text in _named(entry, folder / TOKENIZER_CONFIG).items()}


def _template_file(path: Path) -> str:
    try:
        # A file is read as Python reads text: line ends become \n, as `transformers` sees them.
        text = read_bytes(path, CHAT_TEMPLATE_BYTES).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DamagedArtifact(f"the chat template is not UTF-8 ({error.reason})", at=path) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _named(entry: Any, path: Path) -> dict[str, str]:
    """Templates of `tokenizer_config.json`: a text, or named ones as object or list."""
    if entry is None:
        return {}
    if isinstance(entry, str):
        return {DEFAULT: entry}
    if isinstance(entry, list) and all(isinstance(one, dict) for one in entry):
        entry = {one.get("name"): one.get("template") for one in entry}
    if not isinstance(entry, dict) or not all(
        isinstance(name, str) and isinstance(text, str) for name, text in entry.items()
    ):
        refuse(path, "chat_template is neither a text nor a list of named ones")
    return entry


def _texts_of_gguf(metadata: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    keys = {name: f"{GGUF_KEY}.{name}" for name in metadata.get(GGUF_NAMES, ())} | {DEFAULT: GGUF_KEY}
    found = {name: (metadata[key], key) for name, key in keys.items() if key in metadata}
    return {name: (text, key) for name, (text, key) in found.items() if isinstance(text, str)}


def gguf_special_texts(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Text of each special token that a GGUF names by its id."""
    tokens = metadata.get("tokenizer.ggml.tokens", ())
    found = {}
    for role in SPECIAL_ROLES:
        number = metadata.get(f"tokenizer.ggml.{_GGUF_ROLES.get(role, role)}_token_id")
        if isinstance(number, int) and number < len(tokens):
            found[role] = tokens[number]
    return found


def _within_bounds(text: str, path: Path, source: str) -> str:
    if len(text.encode()) > CHAT_TEMPLATE_BYTES:
        raise DamagedArtifact(
            f"the chat template in {source} is longer than {CHAT_TEMPLATE_BYTES} bytes",
            at=path,
            why="it is a program that runs at every prompt; the longest in use have some ten thousand bytes",
        )
    return text
