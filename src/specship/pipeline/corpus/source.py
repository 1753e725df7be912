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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

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

    kind: str
    """Name of its kind, one of the files of `sources/`."""
    root: Path
    label: str
    """What a reader may know of the place: an interpreter's version, or the folder as it was given."""
    suffixes: tuple[str, ...]
    licence: str
    """SPDX expression of files that state none of their own, or `unknown`."""
    licence_text: bytes | None
    licence_found: str
    """Where the licence's text was found, in words; empty when it was not."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Names of a record's fields by what they hold: `text`, `name`, `licence`, `group`."""
    by_package: bool = False
    """Whether documents are told by the package that they belong to."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of a source, or something in its place that cannot be a document."""

    path: str
    """Relative to the root, with `/`."""
    skipped: str = ""
    """Why it is not read; empty for a file that is."""
    size: int = 0
    """Bytes of the file."""
    licence: str = ""
    """SPDX expression that is known of this file; empty where the source's own counts."""
    group: str = ""
    """The package that it belongs to, where packages are told."""


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


def inside(project: Path, given: str) -> Path:
    """Where a path of the settings leads.

    Raises:
        RequirementMissing: there is nothing.
        UnusableInput: the path is absolute, and would make the artifact speak of this machine.
    """
    if not given:
        raise UnusableInput("a source without a path", mend="say where its text lies: path")
    if Path(given).is_absolute() or ".." in Path(given).parts:
        raise UnusableInput(
            f"the corpus folder {given!r} does not lie below the project",
            why="an artifact names its sources, and must read the same on every machine",
            mend="give a path relative to the project; it may be a link to where the data are",
        )
    root = project / given
    if not root.exists():
        raise RequirementMissing(
            f"the corpus folder {given!r} is not here",
            why="a release trains on licensed text that the profile names",
            mend="put or link the data there",
        )
    return root


def folder(project: Path, given: str, licence: str, suffixes: tuple[str, ...]) -> Source:
    """A folder of text under one stated licence.

    Raises:
        RequirementMissing: there is no such folder.
        UnusableInput: the path is absolute, and would make the artifact speak of this machine.
    """
    root = inside(project, given)
    if not root.is_dir():
        raise UnusableInput("not a folder", at=given, mend="name its kind, or the folder")
    return labelled("folder", root, given, licence, suffixes)


def labelled(
    kind: str,
    root: Path,
    label: str,
    licence: str,
    suffixes: tuple[str, ...],
    *,
    fields: Mapping[str, str] | None = None,
) -> Source:
    """A source anywhere; the artifact knows it by a label only."""
    beside = root if root.is_dir() else root.parent
    places = sorted(path for path in beside.iterdir() if _LICENCE_NAME.fullmatch(path.name))
    text, found = _first_licence(tuple(places), title=b"")
    return Source(kind, root, label, suffixes, licence, text, found, dict(fields or {}))


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


def list_files(source: Source) -> Iterator[Listed]:
    """Every file of a source by path, with those that cannot be documents and the reason.

    Left out without a word are other suffixes, caches and folders of installed packages; links,
    pipes, unreadable folders and files that were generated when the interpreter was built are named.
    One folder's names are in memory at a time.
    """
    yield from _listed(source, source.root, "")


def _listed(source: Source, place: Path, prefix: str) -> Iterator[Listed]:
    try:
        with os.scandir(place) as found:
            entries = sorted(found, key=lambda entry: _name(entry.name) + "/" * _is_folder(entry))
    except OSError as error:
        yield Listed(prefix.rstrip("/") or ".", f"cannot be listed: {error.strerror}")
        return
    for entry in entries:
        name = prefix + _name(entry.name)
        if _is_folder(entry):
            if not _left_out(source, place, entry.name):
                yield from _listed(source, Path(entry.path), f"{name}/")
        elif entry.is_symlink() and Path(entry.path).is_dir():
            yield Listed(name, "symbolic link")
        elif entry.name.endswith(source.suffixes):
            group = name.split("/", 1)[0].removesuffix(".py") if source.by_package else ""
            yield listed_file(source.kind, Path(entry.path), name, group=group)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _left_out(source: Source, place: Path, name: str) -> bool:
    if name in _CACHES or source.kind != "python-stdlib":
        return name in _CACHES
    return name in _NOT_THE_LIBRARY or (place == source.root and _BUILT_FOLDER.fullmatch(name) is not None)


def _name(name: str) -> str:
    """A name as text that JSON can hold; bytes that are not UTF-8 are shown in hexadecimal."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def listed_file(kind: str, path: Path, name: str, *, licence: str = "", group: str = "") -> Listed:
    """A file in a source of some kind, with why it is not read where it cannot be."""
    try:
        status = path.lstat()
    except OSError as error:
        return Listed(name, f"cannot be read: {error.strerror}")
    return Listed(name, _why_not(kind, path, status.st_mode), status.st_size, licence, group)


def _why_not(kind: str, path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "symbolic link"
    if not stat.S_ISREG(mode):
        return "not a regular file"
    if kind == "python-stdlib" and _BUILT_FILE.fullmatch(path.name):
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
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError("not a regular file")
        # Asked for no more than there is: room for the limit would be taken and given back for each file.
        data = file.read(min(limit, status.st_size) + 1)
    return data if len(data) <= limit else None
