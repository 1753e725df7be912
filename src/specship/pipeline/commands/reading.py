"""What a command reads beside artifacts: a digest for each thing that it declares or has as an argument.

The answer is a text, a JSON object of digests by what was declared, so that whoever has some of these files
can hold those alone against it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.digests import digest_of, sha256_bytes, sha256_file
from specship.errors import UnusableInput
from specship.pipeline.commands.settings import IMAGE, VARIABLE

_PATTERN: Final = frozenset("*?[")
_APART: Final = frozenset({"__pycache__", ".git", ".specship"})
"""Folders that programs and tools fill by themselves."""
MOST_FILES: Final = 200_000
_SETTLED_NS: Final = 2_000_000_000


def digests(command: Mapping[str, Any], root: Path) -> dict[str, str]:
    """Digest of each path that a command declares, and of files among its arguments; empty where none lies.

    Raises:
        UnusableInput: one leads to a linked folder, or to what is no plain file.
        OSError: a file cannot be read.
    """
    declared = [text for text in _texts(command.get("reads")) if not text.startswith((VARIABLE, IMAGE))]
    given = [path for text in _texts(command.get("command")) if (path := _argument(text, root))]
    return {text: _digest(text, root) for text in sorted({*declared, *given})}


def outside(command: Mapping[str, Any], root: Path) -> str:
    """The same as a text."""
    return json.dumps(digests(command, root), sort_keys=True)


def same_where_both_lie(here: str, recorded: str) -> bool:
    """Whether each thing that is read is what it was, where it lies here at all: data often do not."""
    try:
        now, then = json.loads(here), dict(json.loads(recorded))
    except (ValueError, TypeError):
        return False
    return now.keys() <= then.keys() and all(digest in {"", then[text]} for text, digest in now.items())


def variables(command: Mapping[str, Any]) -> tuple[str, ...]:
    """Variables of the environment that it declares."""
    named = (text for text in _texts(command.get("reads")) if text.startswith(VARIABLE))
    return tuple(text.removeprefix(VARIABLE) for text in named)


def variable_digests(names: Iterable[str]) -> dict[str, str]:
    """What variables hold, as digests: a secret is in no manifest. Those that are not set are left out."""
    return {f"${name}": sha256_bytes(os.environb[name.encode()])[:16] for name in names if name in os.environ}


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list | tuple) else []


def _argument(text: str, root: Path) -> str:
    """The path in an argument such as `train.py` or `--config=base.yaml` where a file of the project lies."""
    for path in (text, text.partition("=")[2]):
        if path and not Path(path).is_absolute() and not _APART & set(Path(path).parts):
            with contextlib.suppress(OSError, ValueError):  # a program's text, too long for a path
                if (root / path).is_file():
                    return path
    return ""


def _digest(text: str, root: Path) -> str:
    found: dict[str, str] = {}
    for path in _matching(text, root):
        for file in _files(path):
            found[os.path.relpath(file, root)] = _sha256(file)
            if len(found) > MOST_FILES:
                raise UnusableInput(
                    f"{text} leads to more than {MOST_FILES} files", at=root, mend="name fewer of them"
                )
    return digest_of(found) if found else ""


def _sha256(path: Path) -> str:
    """Digest of a file, once a process while it lies there untouched: a session asks at every gate."""
    about = path.stat()
    if time.time_ns() - about.st_ctime_ns < _SETTLED_NS:
        return sha256_file(path)  # it may change again, and keep its date
    return _known_sha256(
        path, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
    )


@functools.lru_cache(maxsize=MOST_FILES)
def _known_sha256(path: Path, *_: int) -> str:
    return sha256_file(path)


def _matching(text: str, root: Path) -> list[Path]:
    path = Path(text)
    if not _PATTERN & set(text):
        return [root / path] if (root / path).exists() else []
    home = Path(path.anchor) if path.is_absolute() else root
    pattern = str(path.relative_to(path.anchor)) if path.is_absolute() else text
    return sorted(one for one in home.glob(pattern) if not _APART & set(one.relative_to(home).parts))


def _files(path: Path) -> Iterator[Path]:
    """The files that a path stands for; a folder stands for all below it."""
    if not path.is_dir():
        yield _plain(path)
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(set(names) - _APART)
        for name in names:
            if (linked := Path(folder, name)).is_symlink():
                raise UnusableInput(
                    "a link to a folder", at=linked, why="what lies behind it would not be seen to change",
                    mend="declare the folder that it leads to as well, or put the files themselves there",
                )  # fmt: skip
        yield from (_plain(Path(folder, name)) for name in sorted(files))


def _plain(path: Path) -> Path:
    if not path.is_file():
        raise UnusableInput("no plain file", at=path, mend="take it out of what the command reads")
    return path
