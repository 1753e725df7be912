"""Where the text of a corpus comes from: which files there are, and under which licence.

Nothing here depends on the order in which a file system lists its entries, and no path of this
machine leaves this module: files are named relative to their root.
"""

from __future__ import annotations

import os
import platform
import re
import stat
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from specship.errors import RequirementMissing, UnusableInput

UNKNOWN: Final = "unknown"
"""Licence of a document for which none is stated; no contract allows it."""
PYTHON_LICENCE: Final = "PSF-2.0"
_PYTHON_TITLE: Final = b"python software foundation license"
_NOT_THE_LIBRARY: Final = frozenset({"site-packages", "dist-packages", "lib-dynload"})
_CACHES: Final = frozenset({"__pycache__", ".git"})
_BUILT_FILE: Final = re.compile(r"_sysconfigdata_.*\.py")
_BUILT_FOLDER: Final = re.compile(r"config-.*")
_LICENCE_NAME: Final = re.compile(r"(licen[cs]e|copying)(\.(txt|md))?", re.IGNORECASE)
_SPDX_LINE: Final = re.compile(
    rb"^[#/*; ]*SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+() -]+?)[ \t*/]*$", re.MULTILINE
)
_HEADER_BYTES: Final = 4096
_LICENCE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of text and what is known of its licence."""

    kind: Literal["python-stdlib", "folder"]
    root: Path
    label: str
    """What a reader may know of the place: an interpreter's version, or the folder as it was given."""
    suffixes: tuple[str, ...]
    licence: str
    """SPDX expression of files that state none of their own, or `unknown`."""
    licence_text: bytes | None
    licence_found: str
    """Where the licence's text was found, in words; empty when it was not."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a source, or something in its place that cannot be a document."""

    path: str
    """Relative to the root, with `/`."""
    skipped: str = ""
    """Why it is not read; empty for a file that is."""


def interpreter() -> str:
    """Name and version of the running interpreter, such as `CPython 3.11.7`."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def python_stdlib_root() -> Path:
    """The folder of the running interpreter's standard library."""
    return Path(sysconfig.get_paths()["stdlib"])


def python_stdlib(root: Path | None = None, licence_places: tuple[Path, ...] | None = None) -> Source:
    """The Python source that comes with the running interpreter.

    The licence is PSF-2.0 only where its text was found; otherwise it is `unknown`.

    Raises:
        RequirementMissing: the interpreter came without its library's source.
    """
    root = root or python_stdlib_root()
    if not root.is_dir():
        raise RequirementMissing(
            "this interpreter came without its standard library's source", mend="use another interpreter"
        )
    text, found = _first_licence(_python_places(root) if licence_places is None else licence_places)
    return Source(
        "python-stdlib", root, interpreter(), (".py",), PYTHON_LICENCE if text else UNKNOWN, text, found
    )


def folder(given: str, licence: str, suffixes: tuple[str, ...]) -> Source:
    """A folder of text under one stated licence.

    Raises:
        RequirementMissing: there is no such folder.
        UnusableInput: the path is absolute, and would make the artifact speak of this machine.
    """
    if Path(given).is_absolute() or ".." in Path(given).parts:
        raise UnusableInput(
            f"the corpus folder {given!r} does not lie below the project",
            why="an artifact names its sources, and must read the same on every machine",
            mend="give a path relative to the project; it may be a link to where the data are",
        )
    root = Path(given)
    if not root.is_dir():
        raise RequirementMissing(
            f"the corpus folder {given!r} is not here",
            why="a release trains on a folder of licensed text that the profile names",
            mend="put or link the data there",
        )
    return labelled_folder(root, given, licence, suffixes)


def labelled_folder(root: Path, label: str, licence: str, suffixes: tuple[str, ...]) -> Source:
    """A folder of text anywhere; the artifact knows it by a label only."""
    places = sorted(path for path in root.iterdir() if _LICENCE_NAME.fullmatch(path.name))
    text, found = _first_licence(tuple(places), title=b"")
    return Source("folder", root, label, suffixes, licence, text, found)


def _python_places(root: Path) -> tuple[Path, ...]:
    """Files in which distributions of Python put its licence."""
    prefix = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    documents = (Path("/usr/share/doc"), prefix / "share" / "doc")
    return (
        root / "LICENSE.txt",
        root / "LICENSE",
        prefix / "LICENSE.txt",
        prefix / "LICENSE_PYTHON.txt",
        *(base / name / "copyright" for base in documents for name in (version, f"lib{version}-stdlib")),
        *(base / version / "LICENSE" for base in documents),
    )


def _first_licence(places: tuple[Path, ...], title: bytes = _PYTHON_TITLE) -> tuple[bytes | None, str]:
    """The first text that holds the licence's title, and where it was found."""
    for path in places:
        if path.is_file() and path.stat().st_size <= _LICENCE_BYTES:
            text = path.read_bytes()
            if text.strip() and title in text.lower():
                return text, f"{path.name} in {path.parent.name}"
    return None, ""


def stated_licence(data: bytes, otherwise: str) -> str:
    """The licence that a file states for itself on an SPDX line of its head, or the source's own."""
    match = _SPDX_LINE.search(data[:_HEADER_BYTES])
    return match[1].decode("ascii").strip() if match else otherwise


def list_files(source: Source) -> list[Listed]:
    """Every file of a source by path, with those that cannot be documents and the reason.

    Left out without a word are other suffixes, caches and folders of installed packages; links,
    pipes, unreadable folders and files that were generated when the interpreter was built are named.
    """
    found: list[Listed] = []

    def unreadable(error: OSError) -> None:
        relative = Path(error.filename).relative_to(source.root)
        found.append(Listed(_name(relative), f"cannot be listed: {error.strerror}"))

    for place, folders, names in os.walk(source.root, onerror=unreadable):
        here = Path(place)
        found += [
            Listed(_name((here / name).relative_to(source.root)), "symbolic link")
            for name in folders
            if (here / name).is_symlink()
        ]
        folders[:] = [name for name in folders if not _left_out(source, here, name)]
        for name in names:
            if name.endswith(source.suffixes):
                path = here / name
                found.append(Listed(_name(path.relative_to(source.root)), _why_not(source, path)))
    return sorted(found, key=lambda listed: listed.path)


def _left_out(source: Source, place: Path, name: str) -> bool:
    if name in _CACHES or source.kind != "python-stdlib":
        return name in _CACHES
    return name in _NOT_THE_LIBRARY or (place == source.root and _BUILT_FOLDER.fullmatch(name) is not None)


def _name(relative: Path) -> str:
    """A path as text that JSON can hold; bytes that are not UTF-8 are shown in hexadecimal."""
    return os.fsencode(relative.as_posix()).decode("utf-8", errors="backslashreplace")


def _why_not(source: Source, path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if not stat.S_ISREG(mode):
        return "not a regular file"
    if source.kind == "python-stdlib" and _BUILT_FILE.fullmatch(path.name):
        return "generated when the interpreter was built"
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return "name is not UTF-8"
    return ""


def read_bounded(path: Path, limit: int) -> bytes | None:
    """The bytes of a regular file, or None when there are more than `limit`.

    Raises:
        OSError: the file is gone, became a link or a pipe, or refuses to be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        data = file.read(limit + 1)
    return data if len(data) <= limit else None
