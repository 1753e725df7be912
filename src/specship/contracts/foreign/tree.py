"""A foreign YAML file as texts, lists and mappings with the lines they stand on.

More lenient than the reader of our own documents: every scalar is a text, so none is ambiguous,
and anchors, aliases and merge keys are written out. Stricter than YAML: the bounds are those of
our own documents, counted after aliases are written out, a key stands once, and no tag
constructs anything.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import yaml

from specship import bounds
from specship.contracts.foreign.words import one_line
from specship.contracts.yaml_nodes import mend_of_encoding, refuse_unseen_space
from specship.errors import Place, UnusableInput

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK: Final = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_HARMLESS_TAG: Final = re.compile(r"!|tag:yaml\.org,2002:(str|int|float|bool|null|timestamp|seq|map)")
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Node:
    """A text, a list or a mapping, and the lines (from 1) it stands on, its key included."""

    value: str | tuple[Node, ...] | Mapping[str, Node]
    first: int
    last: int

    @property
    def raw(self) -> str:
        """The text as it was written, empty when this is none."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def text(self) -> str:
        """The text on one line and without characters that a terminal would act upon."""
        return one_line(self.raw)

    @property
    def items(self) -> tuple[Node, ...]:
        """What a list holds; empty when this is none."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def entries(self) -> Mapping[str, Node]:
        """What a mapping holds; empty when this is none."""
        return self.value if isinstance(self.value, Mapping) else {}

    def texts(self) -> Iterator[str]:
        """Every text at and below this node."""
        if isinstance(self.value, str):
            yield self.value
        for child in (*self.items, *self.entries.values()):
            yield from child.texts()

    def first_text(self, *keys: str) -> str:
        """The text of the first of these keys that has one."""
        return next((found for key in keys if key in self.entries and (found := self.entries[key].text)), "")


def read_tree(path: Path, shown: str) -> Node:
    """The tree of one file; `shown` is how the file is called in places.

    Raises:
        UnusableInput: not a regular UTF-8 file within bounds, or not one document of harmless YAML.
    """
    text = _read_text(path, shown)
    try:
        _check_events(text, shown)
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
        refuse_unseen_space(text, error, shown)
        said = one_line(error.problem or error.context or "")
        raise UnusableInput(f"not YAML: {said}", at=place, code="SHIP104") from error
    except yaml.reader.ReaderError as error:
        place = Place(shown, offset=len(text[: error.position].encode()))
        said = f"{one_line(error.reason)} (character {error.character:#x})"
        raise UnusableInput(f"not YAML: {said}", at=place, code="SHIP104") from error
    except yaml.YAMLError as error:
        raise UnusableInput(f"not YAML: {one_line(str(error))}", at=shown, code="SHIP104") from error
    if root is None:
        raise UnusableInput("the file is empty", at=shown, code="SHIP113")
    return _Walk(shown, _LINE_BREAK.split(text)).node(root, ())


def _read_text(path: Path, shown: str) -> str:
    data = _read_bytes(path, shown)
    if len(data) > bounds.YAML_BYTES:
        raise UnusableInput(f"larger than {bounds.YAML_BYTES} bytes", at=shown, code="SHIP102")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = Place(shown, offset=error.start)
        raise UnusableInput("not UTF-8", at=place, mend=mend_of_encoding(data), code="SHIP103") from error


def _read_bytes(path: Path, shown: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe nobody writes to must not hang
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnusableInput("not a regular file", at=shown, code="SHIP101")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(bounds.YAML_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnusableInput(f"cannot read: {error.strerror}", at=shown, code="SHIP101") from error
    except ValueError as error:  # a NUL in the name
        raise UnusableInput("cannot read: no file has such a name", at=shown, code="SHIP101") from error


def _check_events(text: str, shown: str) -> None:
    """Refuse what must not even be composed: depth, numbers of nodes and documents, tags."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        place = Place(shown, mark.line + 1, mark.column + 1)
        if (tag := getattr(event, "tag", None)) and not _HARMLESS_TAG.fullmatch(tag):
            raise UnusableInput(
                f"the tag {one_line(tag)!r} is refused", at=place, code="SHIP106",
                why="a tag can ask a reader to construct anything", mend="write a plain value",
            )  # fmt: skip
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise UnusableInput(
                "a second document in the file", at=place, mend="split it into two files", code="SHIP107"
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > bounds.YAML_DEPTH:
            raise UnusableInput(f"nested deeper than {bounds.YAML_DEPTH}", at=place, code="SHIP102")
        if nodes > bounds.YAML_NODES:
            raise UnusableInput(f"more than {bounds.YAML_NODES} values", at=place, code="SHIP102")


class _Walk:
    """From libyaml's nodes to ours, counting again, because an alias stands for what it names."""

    def __init__(self, shown: str, lines: list[str]) -> None:
        self.shown = shown
        self.lines = lines
        self.count = 0
        self.characters = 0

    def node(self, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Node:
        self.count += 1
        if self.count > bounds.YAML_NODES:
            raise self.refusal(node, f"more than {bounds.YAML_NODES} values, aliases written out", "SHIP102")
        if any(node is one for one in above):
            raise self.refusal(node, "a value that contains itself through an alias", "SHIP105")
        if len(above) > bounds.YAML_DEPTH:
            raise self.refusal(
                node, f"nested deeper than {bounds.YAML_DEPTH}, aliases written out", "SHIP102"
            )
        first = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, first)
        if isinstance(node, yaml.SequenceNode):
            items = tuple(self.node(item, (*above, node)) for item in node.value)
            return Node(items, first, max([first, *(item.last for item in items)]))
        entries = self.mapping(cast("yaml.MappingNode", node), (*above, node))
        return Node(entries, first, max([first, *(entry.last for entry in entries.values())]))

    def refusal(self, node: yaml.Node, message: str, code: str) -> UnusableInput:
        place = Place(self.shown, node.start_mark.line + 1, node.start_mark.column + 1)
        return UnusableInput(message, at=place, code=code)

    def scalar(self, node: yaml.ScalarNode, first: int) -> Node:
        text = str(node.value)
        self.characters += len(text)
        if len(text) > bounds.YAML_SCALAR_CHARACTERS:
            raise self.refusal(node, f"a text of {len(text)} characters", "SHIP102")
        if self.characters > bounds.YAML_BYTES:  # a text may be named by thousands of aliases
            raise self.refusal(
                node, f"more than {bounds.YAML_BYTES} characters, aliases written out", "SHIP102"
            )
        if not node.style and text in _NOTHING:
            return Node("", first, first)
        last = node.end_mark.line + (node.end_mark.column > 0)
        while last > first and not self.lines[min(last, len(self.lines)) - 1].strip():
            last -= 1  # the mark at the end of a block stands behind its empty lines
        return Node(text, first, max(first, last))

    def mapping(self, node: yaml.MappingNode, above: tuple[yaml.Node, ...]) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.refusal(key_node, "a key must be a plain text", "SHIP112")
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if len(key) > bounds.YAML_SCALAR_CHARACTERS:
                raise self.refusal(key_node, f"a key of {len(key)} characters", "SHIP102")
            if key in found:
                shown = one_line(key)[:60]
                raise self.refusal(key_node, f"the key {shown!r} stands twice", "SHIP108")
            value = self.node(value_node, above)
            if key == "<<" and not key_node.style:
                for source in value.items or (value,):
                    merged = {**source.entries, **merged}
            else:
                found[key] = replace(value, first=line, last=max(line, value.last))
        return {**{key: value for key, value in merged.items() if key not in found}, **found}
