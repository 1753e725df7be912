"""YAML text to plain values with places, within bounds, and from there to frozen records.

Scalars follow the YAML 1.2 core schema. Where YAML 1.1 would read something else (`no`, `017`,
`1_000`, `1e-3`, `12:30`, a date), the text is refused with both readings instead of guessed.
Anchors, aliases, merge keys, tags and several documents in a file are refused: a contract is
read by people, and what it says stands where it is said.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from specship.errors import Place, UnknownName, UnreadableDocument, UnusableInput, did_you_mean

Path_ = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value."""

LARGEST_BYTES: Final = 1 << 20
LARGEST_SCALAR: Final = 64 << 10
DEEPEST: Final = 32
MOST_NODES: Final = 20_000
LONGEST_INTEGER: Final = 18
"""Digits; longer ones do not fit 64 bits."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?\Z")
_OTHER_IN_YAML_1_1 = re.compile(
    r"""( yes|no|on|off|y|n                    # truth values of 1.1
        | [-+]?0[0-7_]+ | 0o[0-7]+             # octal
        | [-+]?0[xb][0-9a-f_]+                 # hexadecimal, binary
        | [-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?  # underscores in numbers
        | [-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9]*)?  # base sixty
        | [-+]?(\.[0-9]+|[0-9]+\.?)(e[-+]?[0-9]+)?   # .5, 5., 1e-3
        | [-+]?\.(inf|nan)
        | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?  # dates
        )\Z""",
    re.VERBOSE | re.IGNORECASE,
)
_CONSTANTS: Final = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip

Record = TypeVar("Record", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document:
    """Plain values of one YAML file and the place of each key and value."""

    path: str
    values: Any
    keys: Mapping[Path_, Place] = field(repr=False)
    """Place of the key (in a mapping) or of the item (in a list) at each path."""
    inner: Mapping[Path_, Place] = field(repr=False)
    """Place of the value at each path."""

    def place(self, *path: str | int) -> Place:
        """Where the key at a path stands, or the nearest thing above it that exists."""
        return _nearest(self.keys, path) or Place(self.path, 1, 1)

    def value_place(self, *path: str | int) -> Place:
        """Where the value at a path begins, or the nearest thing above it that exists."""
        return _nearest(self.inner, path) or Place(self.path, 1, 1)

    def build(self, record: type[Record], *at: str | int) -> Record:
        """The record that the values at a path describe.

        Raises:
            UnreadableDocument: unknown or missing keys, wrong types or values; all are listed.
        """
        values = self.values
        for step in at:
            values = values[step]
        try:
            return record.model_validate(values, strict=True)
        except ValidationError as error:
            details = _once(error.errors(), self.inner, at)
            raise UnreadableDocument(_fault(self, record, at, detail) for detail in details) from error


def _nearest(places: Mapping[Path_, Place], path: Path_) -> Place | None:
    while path:
        if path in places:
            return places[path]
        path = path[:-1]
    return places.get(())


def _once(details: Iterable[ErrorDetails], inner: Mapping[Path_, Place], at: Path_) -> list[ErrorDetails]:
    """Complaints without repetition: a union reports each of its branches at the same place."""
    found: dict[Path_, ErrorDetails] = {}
    for detail in details:
        loc = detail["loc"]
        if detail["type"] not in {"missing", "extra_forbidden"}:
            while loc and (*at, *loc) not in inner:  # the branch of a union stands behind the path
                loc = loc[:-1]
        found.setdefault(loc, {**detail, "loc": loc})
    return list(found.values())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {list, tuple, dict, Union, UnionType, Mapping}:
        inner = [_model_in(item) for item in get_args(annotation) if item is not NoneType]
        return next((model for model in reversed(inner) if model), None)
    return None


def _model_at(record: type[BaseModel], path: Path_) -> type[BaseModel] | None:
    model: type[BaseModel] | None = record
    for step in path:
        if model is not None and isinstance(step, str) and step in model.model_fields:
            model = _model_in(model.model_fields[step].annotation)
    return model


def _fault(document: Document, record: type[BaseModel], at: Path_, detail: ErrorDetails) -> UnusableInput:
    """One complaint of pydantic as ours: where, what, why and how to mend."""
    path = (*at, *detail["loc"])
    name = ".".join(str(step) for step in detail["loc"]) or record.__name__
    if detail["type"] == "extra_forbidden":
        model = _model_at(record, detail["loc"][:-1])
        known = tuple(model.model_fields) if model else ()
        key = str(detail["loc"][-1])
        return UnknownName(
            f"unknown key {key!r}",
            at=document.place(*path),
            why="a key that nobody reads would be a promise that nobody keeps",
            mend=did_you_mean(key, known) or f"known here: {', '.join(known)}",
        )
    if detail["type"] == "missing":
        return UnusableInput(
            f"key {detail['loc'][-1]!r} is missing", at=document.value_place(*path[:-1]), mend="write it here"
        )
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    shown = repr(detail["input"])
    if detail["type"] == "value_error" or len(shown) > 60:
        return UnusableInput(f"{name}: {message}", at=document.value_place(*path))
    return UnusableInput(f"{name}: {message}, here it is {shown}", at=document.value_place(*path))


class _Walk:
    """From libyaml's nodes to values and places, counting as it goes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.keys: dict[Path_, Place] = {}
        self.inner: dict[Path_, Place] = {}
        self.faults: list[UnusableInput] = []
        self.nodes = 0

    def place(self, node: yaml.Node) -> Place:
        return Place(self.path, node.start_mark.line + 1, node.start_mark.column + 1)

    def fault(self, node: yaml.Node, message: str, *, why: str = "", mend: str = "") -> None:
        self.faults.append(UnusableInput(message, at=self.place(node), why=why, mend=mend))

    def value(self, node: yaml.Node, at: Path_) -> Any:
        self.nodes += 1
        self.inner[at] = self.place(node)
        self.keys.setdefault(at, self.place(node))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return tuple(self.value(item, (*at, index)) for index, item in enumerate(node.value))
        return self.mapping(cast("yaml.MappingNode", node), at)

    def mapping(self, node: yaml.MappingNode, at: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault(key_node, "a key must be a plain text")
                continue
            key = str(key_node.value)
            if key == "<<":
                self.fault(key_node, "merge keys are refused", mend="write the keys out where they apply")
                continue
            if key in found:
                first = self.keys[*at, key].line
                self.fault(
                    key_node, f"the key {key!r} stands twice, first on line {first}",
                    why="the second would silently replace the first", mend="keep one of them",
                )  # fmt: skip
                continue
            self.keys[*at, key] = self.place(key_node)
            found[key] = self.value(value_node, (*at, key))
        return found

    def scalar(self, node: yaml.ScalarNode) -> Any:
        text = str(node.value)
        plain = not node.style  # libyaml says "" where the Python parser says None
        if len(text) > LARGEST_SCALAR:
            self.fault(node, f"a text of {len(text)} characters; at most {LARGEST_SCALAR} are read")
        elif any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in text):
            self.fault(
                node, "a control character", why="it could change what a terminal shows", mend="remove it"
            )
        elif plain and text in _CONSTANTS:
            return _CONSTANTS[text]
        elif plain and _INTEGER.match(text):
            return self.integer(node, text)
        elif plain and _DECIMAL.match(text):
            return float(text)
        elif plain and _OTHER_IN_YAML_1_1.match(text):
            self.fault(
                node,
                f"{text!r} means different things to different YAML readers",
                why="YAML 1.1 and 1.2 disagree on it",
                mend=f"quote it as '{text}' for a text; else write true, false, 10, 0.5 or 1.0e-3 in full",
            )
        return text

    def integer(self, node: yaml.ScalarNode, text: str) -> int:
        if len(text) > LONGEST_INTEGER:
            self.fault(node, f"the whole number {text[:24]} is too large")
            return 0
        return int(text)


def _refuse_events(text: str, shown: str) -> None:
    """Refuse what must not even be composed: aliases, tags, depth, numbers of nodes and documents."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        mark: Any = event.start_mark
        place = Place(shown, mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UnusableInput(
                "anchors and aliases are refused", at=place,
                why="a small file can stand for millions of values", mend="write the value out",
            )  # fmt: skip
        if tag := getattr(event, "tag", None):
            raise UnusableInput(f"the tag {tag!r} is refused", at=place, mend="write a plain value")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise UnusableInput("a second document in the file", at=place, mend="split it into two files")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > DEEPEST:
            raise UnusableInput(f"nested deeper than {DEEPEST}", at=place)
        if nodes > MOST_NODES:
            raise UnusableInput(f"more than {MOST_NODES} values", at=place)


def _read_text(path: Path, shown: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnusableInput("not a regular file", at=shown)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(LARGEST_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UnusableInput(f"cannot read: {error.strerror}", at=shown) from error
    if len(data) > LARGEST_BYTES:
        raise UnusableInput(f"larger than {LARGEST_BYTES} bytes", at=shown)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableInput(
            "not UTF-8", at=Place(shown, offset=error.start), mend="save the file as UTF-8"
        ) from error
    if "\0" in text:
        raise UnusableInput("a NUL byte", at=Place(shown, offset=text.index("\0")))
    return text


def read_document(path: Path, *, root: Path | None = None) -> Document:
    """Read one YAML file; places are relative to `root` when it is given.

    Raises:
        UnusableInput: not a regular UTF-8 file within bounds, or not YAML.
        UnreadableDocument: duplicate keys, merge keys, ambiguous scalars; all are listed.
    """
    shown = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    try:
        inside = root is None or path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError) as error:
        raise UnusableInput("a link that leads nowhere", at=shown, mend="replace it by the file") from error
    if not inside:
        raise UnusableInput("a link out of the project", at=shown, mend="copy the file into the project")
    text = _read_text(path, shown)
    try:
        _refuse_events(text, shown)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
        raise UnusableInput(f"not YAML: {error.problem or error.context}", at=place) from error
    except yaml.YAMLError as error:
        raise UnusableInput(f"not YAML: {error}", at=shown) from error
    if node is None:
        raise UnusableInput("the file is empty", at=shown)
    walk = _Walk(shown)
    values = walk.value(node, ())
    if walk.faults:
        raise UnreadableDocument(walk.faults)
    return Document(shown, values, walk.keys, walk.inner)
