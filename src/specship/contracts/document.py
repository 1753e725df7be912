"""One YAML file: its plain values, what is wrong with it, and the place of each key and value."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from specship import bounds
from specship.contracts.yaml_nodes import Values, compose, mend_of_encoding, place_of
from specship.errors import Place, UnusableInput


@dataclass(frozen=True)
class Document:
    """Plain values of one YAML file; places are looked up in its text when somebody asks."""

    path: str
    """Within the project, for people."""
    values: Any
    text: str = field(repr=False)
    faults: tuple[UnusableInput, ...] = ()
    """Duplicate keys, ambiguous scalars and their like; whatever was read around them is in `values`."""
    item_lines: Mapping[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    """Line of each item of the lists at the top, by key: what a list of gates is shown with."""

    @cached_property
    def _root(self) -> yaml.Node | None:
        return compose(self.text, self.path)

    def _find(self, path: tuple[str | int, ...]) -> tuple[Place, Place]:
        """Place of the key and of the value at a path, or of the nearest thing above it that exists."""
        node = self._root
        if node is None:
            return Place(self.path, 1, 1), Place(self.path, 1, 1)
        key = node
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            key, node = found
        return place_of(key, self.path), place_of(node, self.path)

    def place(self, *path: str | int) -> Place:
        """Where the key at a path stands, or the nearest thing above it that exists."""
        return self._find(path)[0]

    def value_place(self, *path: str | int) -> Place:
        """Where the value at a path begins, or the nearest thing above it that exists."""
        return self._find(path)[1]

    def written(self, *path: str | int) -> str:
        """A scalar as it stands in the text (`1.10`, which is the number 1.1); empty for anything else."""
        node = self._root
        for step in path:
            found = _child(node, step) if node is not None else None
            node = found[1] if found else None
        return str(node.value) if isinstance(node, yaml.ScalarNode) else ""

    def exists(self, *path: str | int) -> bool:
        """Whether there is a value at a path."""
        values = self.values
        for step in path:
            try:
                values = values[step]
            except (KeyError, IndexError, TypeError):
                return False
        return True


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Key and value at one step from a node; of an item in a list the key is the item itself."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


_OF_ONE_VALUE: Final = frozenset(
    {
        "SHIP102",
        "SHIP110",
        "SHIP111",
        "SHIP203",
        "SHIP204",
        "SHIP205",
        "SHIP210",
        "SHIP303",
        "SHIP304",
        "SHIP305",
        "SHIP309",
    }
)
"""Codes that one misspelt value can earn together; the first says it, with the best advice of all."""


def in_order(faults: Iterable[UnusableInput]) -> list[UnusableInput]:
    """Faults by place, each once."""
    found: dict[tuple[str, int, int, str, str], UnusableInput] = {}
    for fault in sorted(faults, key=_order):
        at = fault.at or Place("")
        kind = ("value", "") if fault.code in _OF_ONE_VALUE else (fault.code, fault.message)
        first = found.setdefault((at.path, at.line or 0, at.column or 0, *kind), fault)
        first.mend = first.mend or fault.mend
    return list(found.values())


def _order(fault: UnusableInput) -> tuple[str, int, int, str]:
    at = fault.at or Place("")
    return at.path, at.line or 0, at.column or 0, fault.code


_UNSAVED: Final[ContextVar[Mapping[Path, str]]] = ContextVar("unsaved", default={})  # noqa: B039 - never changed


@contextmanager
def unsaved(texts: Mapping[Path, str]) -> Iterator[None]:
    """Read these texts where their files would be read, as an editor holds them; for diagnostics alone."""
    token = _UNSAVED.set(texts)
    try:
        yield
    finally:
        _UNSAVED.reset(token)


def _read_bytes(path: Path, shown: str) -> bytes:
    at = Place(shown, 1, 1)
    if (held := _UNSAVED.get().get(path)) is not None:
        return held.encode()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnusableInput(
                    "not a regular file",
                    at=at,
                    mend="put a file in its place",
                    code="SHIP101",
                )
            data = b""
            while len(data) <= bounds.YAML_BYTES and (more := os.read(descriptor, bounds.YAML_BYTES + 1)):
                data += more
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnusableInput(f"cannot read: {error.strerror}", at=at, code="SHIP101") from error
    if len(data) > bounds.YAML_BYTES:
        raise UnusableInput(f"larger than {bounds.YAML_BYTES} bytes", at=at, mend="split it", code="SHIP102")
    return data


def _decoded(data: bytes, shown: str) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place_in_bytes(data, error.start, shown)
        raise UnusableInput("not UTF-8", at=place, mend=mend_of_encoding(data), code="SHIP103") from error
    if "\0" in text:
        place = _place_in_bytes(data, data.index(b"\0"), shown)
        raise UnusableInput("a NUL byte", at=place, mend="remove it", code="SHIP103")
    return text


def _place_in_bytes(data: bytes, index: int, shown: str) -> Place:
    before = data[:index].decode("utf-8", errors="replace")
    return Place(shown, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def read_bytes(path: Path, *, root: Path | None = None) -> tuple[str, bytes]:
    """The path for people and the bytes of a regular file within bounds, inside `root` when it is given.

    Raises:
        UnusableInput: a link out of the project or to nowhere, a pipe, a file too large or not readable.
    """
    shown = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    at = Place(shown, 1, 1)
    if root is not None and os.path.islink(path):  # noqa: PTH114 - on every file of a project, so quick
        try:
            inside = path.resolve(strict=True).is_relative_to(root.resolve())
        except (OSError, RuntimeError) as error:
            raise UnusableInput(
                "a link that leads nowhere",
                at=at,
                mend="replace it by the file",
                code="SHIP101",
            ) from error
        if not inside:
            raise UnusableInput(
                "a link out of the project",
                at=at,
                mend="copy the file into the project",
                code="SHIP101",
            )
    return shown, _read_bytes(path, shown)


def document_of(data: bytes, shown: str, *, keep: bool = False) -> Document:
    """The document that bytes are; its faults lie in it.

    `keep` what was composed, where places in most documents will be asked for.

    Raises:
        UnusableInput: not UTF-8, not YAML, empty, or beyond the bounds.
    """
    text = _decoded(data, shown)
    node = compose(text, shown)
    if node is None:
        raise UnusableInput("the file is empty", at=Place(shown, 1, 1), code="SHIP113")
    values = Values(text, shown)
    plain = values.of(node)
    document = Document(shown, plain, text, tuple(values.faults), _item_lines(node))
    if keep:
        vars(document)["_root"] = node
    return document


def _item_lines(node: yaml.Node) -> dict[str, tuple[int, ...]]:
    return {
        key.value: tuple([item.start_mark.line + 1 for item in value.value])
        for key, value in (node.value if isinstance(node, yaml.MappingNode) else ())
        if isinstance(value, yaml.SequenceNode)
    }


def read_document(path: Path, *, root: Path | None = None) -> Document:
    """Read one YAML file; places are relative to `root` when it is given.

    Raises:
        UnusableInput: not a regular UTF-8 file within bounds, or not YAML.
    """
    shown, data = read_bytes(path, root=root)
    return document_of(data, shown)
