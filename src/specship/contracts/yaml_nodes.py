"""YAML text to libyaml's nodes, within bounds, and from nodes to plain values.

Scalars follow the YAML 1.2 core schema. Where YAML 1.1 would read something else (`no`, `017`,
`1_000`, `1e-3`, `12:30`, a date), the text is refused with both readings instead of guessed.
Anchors, aliases, merge keys, tags and several documents in a file are refused: a contract is
read by people, and what it says stands where it is said.

Values are built straight from composed nodes, without a resolver of tags: a thousand files are
read in the time that a loader without places would take.
"""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from specship import bounds
from specship.errors import Place, UnusableInput

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?\Z")
_OTHER_IN_YAML_1_1 = re.compile(
    r"""( yes|no|on|off|y|n                    # truth values of 1.1
        | [-+]?0[0-7_]+ | 0o[0-7]+             # octal
        | [-+]?0[xb][0-9a-f_]+                 # hexadecimal, binary
        | [-+]?[0-9]++_[0-9_]*+(\.[0-9_]*+)?    # underscores in numbers; possessive, so linear
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
_PERHAPS_NO_TEXT: Final = frozenset("+-.0123456789~nNyYtTfFoO")
"""First characters of plain scalars that may be something other than a text."""
_LONGEST_WORD: Final = 5
"""Characters of the longest word that is no text: `false`."""
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that reverse the direction of what a reader sees."""

_MERE_COMPOSING_IS_SAFE: Final = {"characters": bounds.YAML_NODES, "line": 400, "brackets": 400}
"""A text of so few characters has no more nodes, and with such lines and brackets no dangerous depth."""
_ANCHOR_TAG_OR_DOCUMENT: Final = re.compile(r"(^|[\s\[\]{},:?\-])[&*!]|^(---|\.\.\.|%)", re.MULTILINE)
_SIGNS: Final = ("&", "*", "!", "---", "...", "%")
"""Without one of these in a text there is no anchor, alias, tag or second document in it."""


class _Untagged:
    """A composer's part that resolves tags, doing nothing: no tag decides anything here."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:  # noqa: ARG002
        return ""

    def descend_resolver(self, parent: Any, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


if yaml.__with_libyaml__:
    _Libyaml: Any = vars(yaml.cyaml)["CParser"]  # untyped

    class _Nodes(_Untagged, _Libyaml):  # type: ignore[misc]
        """libyaml's composer."""

else:  # pragma: no cover - PyYAML's wheels carry libyaml

    class _Nodes(_Untagged, Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        """The same in Python, several times slower."""

        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


_LOOKS_LIKE_A_SPACE: Final = re.compile(
    r"(?:^[ \t-]*|[:,?-])([\u00a0\u1680\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff])", re.MULTILINE
)
"""Where YAML wants a space, what is none: it came along when text was copied from a page."""
_WITHOUT_WIDTH: Final = frozenset("\u200b\u200c\u200d\u2060\ufeff")
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

_MENDS: Final = (
    ("mapping values are not allowed", "put the text in quotes: it holds a colon"),
    ("tab character", "indent with spaces"),
    ("expected ',' or", "close the bracket, or put a comma between the items"),
    ("expected key", "indent the line as its neighbours"),
    ("expected <block end>", "indent the line as its neighbours"),
    ("unknown escape character", "use single quotes, in which a backslash is a backslash"),
)
"""What libyaml says, and what usually helps."""


def compose(text: str, shown: str) -> yaml.Node | None:
    """The node tree of a text; None when it is empty.  `shown` is the path for messages.

    Raises:
        UnusableInput: not YAML, beyond the bounds, or with an anchor, alias, tag or second document.
    """
    try:
        if _must_be_looked_through(text):
            _refuse_events(text, shown)
        node: yaml.Node | None = _Nodes(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(shown, mark.line + 1, mark.column + 1) if mark else Place(shown)
        problem = str(error.problem or error.context)
        refuse_unseen_space(text, error, shown)
        mend = next((mend for words, mend in _MENDS if words in problem), "")
        raise UnusableInput(f"not YAML: {problem}", at=place, mend=mend, code="SHIP104") from error
    except yaml.reader.ReaderError as error:
        place = _place_of_index(text, error.position, shown)
        raise UnusableInput(
            "a control character", at=place, mend="remove it", code="SHIP111",
            why="it could change what a terminal shows",
        ) from error  # fmt: skip
    except yaml.YAMLError as error:
        raise UnusableInput(f"not YAML: {error}", at=shown, code="SHIP104") from error
    return node


def refuse_unseen_space(text: str, error: yaml.MarkedYAMLError, shown: str) -> None:
    """Say that a character looks like a space and is none, where that is why a text is no YAML.

    Raises:
        UnusableInput: there is one on the line of the error, the one before, or where its context begins.
    """
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark is not None]
    lines = text.removeprefix("\ufeff").split("\n")
    for number in sorted({*marks, *(line - 1 for line in marks[-1:])}):
        found = _LOOKS_LIKE_A_SPACE.search(lines[number]) if 0 <= number < len(lines) else None
        if found is not None:
            name = f"U+{ord(found[1]):04X} ({unicodedata.name(found[1]).lower()})"
            raise UnusableInput(
                f"not YAML: {name} where YAML wants a space or nothing",
                at=Place(shown, number + 1, found.start(1) + 1),
                why="it looks like a space and is read as a letter",
                mend="remove it" if found[1] in _WITHOUT_WIDTH else "write a space",
                code="SHIP104",
            ) from error


def mend_of_encoding(data: bytes) -> str:
    """How to mend a file that is not UTF-8."""
    return "save the file as UTF-8" + (": it is UTF-16" if data.startswith(_WIDE_MARKS) else "")


def _place_of_index(text: str, index: int, shown: str) -> Place:
    before = text[:index]
    return Place(shown, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def _must_be_looked_through(text: str) -> bool:
    """Whether composing might recurse deeply or expand, so that events must be checked first."""
    safe = _MERE_COMPOSING_IS_SAFE
    return (
        len(text) > safe["characters"]
        or text.count("[") + text.count("{") > safe["brackets"]
        or max(map(len, text.split("\n"))) > safe["line"]
        or (any(sign in text for sign in _SIGNS) and _ANCHOR_TAG_OR_DOCUMENT.search(text) is not None)
    )


def _refuse_events(text: str, shown: str) -> None:
    """Refuse what must not even be composed: aliases, tags, depth, numbers of nodes and documents."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_Nodes):
        mark: Any = event.start_mark
        place = Place(shown, mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UnusableInput(
                "anchors and aliases are refused", at=place, code="SHIP105",
                why="a small file can stand for millions of values", mend="write the value out",
            )  # fmt: skip
        if tag := getattr(event, "tag", None):
            written = tag.replace("tag:yaml.org,2002:", "!!")
            raise UnusableInput(
                f"the tag {written} is refused", at=place, mend="write a plain value", code="SHIP106"
            )
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if event.version or event.tags:
                raise UnusableInput(
                    "a directive before the document", at=place, mend="remove the line that begins with %",
                    why="it could say that the text means something else", code="SHIP106",
                )  # fmt: skip
            if documents > 1:
                raise UnusableInput(
                    "a second document in the file", at=place, mend="split it into two files", code="SHIP107"
                )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > bounds.YAML_DEPTH:
            raise _too_deep(place)
        if nodes > bounds.YAML_NODES:
            raise UnusableInput(f"more than {bounds.YAML_NODES} values", at=place, code="SHIP102")


def _too_deep(place: Place) -> UnusableInput:
    return UnusableInput(
        f"nested deeper than {bounds.YAML_DEPTH}", at=place, mend="write it flatter", code="SHIP102"
    )


def place_of(node: yaml.Node, shown: str) -> Place:
    """Where a node begins, line and column from 1."""
    return Place(shown, node.start_mark.line + 1, node.start_mark.column + 1)


class Values:
    """From nodes to plain values (dict, tuple, text, number, truth value, None), with every fault."""

    def __init__(self, text: str, shown: str) -> None:
        self.shown = shown
        self._perhaps_unseen = "\\" in text or _UNSEEN.search(text) is not None
        self.faults: list[UnusableInput] = []

    def fault(self, node: yaml.Node, message: str, *, code: str, why: str = "", mend: str = "") -> None:
        """Remember what is wrong with a node."""
        place = place_of(node, self.shown)
        self.faults.append(UnusableInput(message, at=place, why=why, mend=mend, code=code))

    def of(self, node: yaml.Node, depth: int = 1) -> Any:
        """The value of a node.

        Raises:
            UnusableInput: nested too deeply.
        """
        kind = type(node)
        if kind is yaml.ScalarNode:
            return self._scalar(node)
        if depth > bounds.YAML_DEPTH:
            raise _too_deep(place_of(node, self.shown))
        if kind is yaml.SequenceNode:
            return tuple([self.of(item, depth + 1) for item in node.value])
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        scalar, scalar_node = self._scalar, yaml.ScalarNode  # a quarter of a million nodes come by here
        for key_node, value_node in node.value:
            key = key_node.value
            if type(key_node) is not scalar_node or key == "<<" or key in found:
                lines = lines or {
                    first.value: first.start_mark.line + 1
                    for first, _ in reversed(node.value)
                    if type(first) is scalar_node
                }
                self._refuse_key(key_node, lines)
                continue
            if self._perhaps_unseen:
                self._refuse_unseen(key_node)
            found[key] = (
                scalar(value_node) if type(value_node) is scalar_node else self.of(value_node, depth + 1)
            )
        return found

    def _refuse_key(self, node: yaml.Node, lines: Mapping[str, int]) -> None:
        """What is wrong with a key; `lines` is where each one of its mapping first stands."""
        if type(node) is not yaml.ScalarNode:
            self.fault(node, "a key must be a plain text", code="SHIP112")
        elif node.value == "<<":
            self.fault(
                node, "merge keys are refused", mend="write the keys out where they apply", code="SHIP109"
            )
        else:
            self.fault(
                node, f"the key {node.value!r} stands twice, first on line {lines[node.value]}",
                code="SHIP108", why="the second would silently replace the first", mend="keep one of them",
            )  # fmt: skip

    def _refuse_unseen(self, node: yaml.Node) -> None:
        if _UNSEEN.search(node.value):
            self.fault(
                node, "a control character", why="it could change what a terminal shows", mend="remove it",
                code="SHIP111",
            )  # fmt: skip

    def _scalar(self, node: Any) -> Any:
        text: str = node.value
        if len(text) > bounds.YAML_SCALAR_CHARACTERS:
            most = bounds.YAML_SCALAR_CHARACTERS
            self.fault(node, f"a text of {len(text)} characters; at most {most} are read", code="SHIP102")
            return text
        if (
            not node.style  # plain: "" in C, None in Python
            and (not text or text[0] in _PERHAPS_NO_TEXT)
            and (len(text) <= _LONGEST_WORD or not text[0].isalpha())
        ):
            if text in _CONSTANTS:
                return _CONSTANTS[text]
            if _INTEGER.match(text):
                return self._integer(node, text)
            if _DECIMAL.match(text):
                return self._decimal(node, text)
            if _OTHER_IN_YAML_1_1.match(text):
                self._ambiguous(node, text)
        if self._perhaps_unseen:
            self._refuse_unseen(node)
        return text

    def _integer(self, node: yaml.Node, text: str) -> int:
        if len(text.lstrip("+-")) > bounds.YAML_INTEGER_DIGITS:
            self.fault(node, f"the whole number {text[:24]} is too large", code="SHIP102")
            return int(text[: bounds.YAML_INTEGER_DIGITS])
        return int(text)

    def _decimal(self, node: yaml.Node, text: str) -> float:
        number = float(text)
        if number in {float("inf"), float("-inf")}:
            self.fault(node, f"the number {text[:24]} is too large", code="SHIP102")
            return math.copysign(sys.float_info.max, number)
        return number

    def _ambiguous(self, node: yaml.Node, text: str) -> None:
        self.fault(
            node,
            f"{text!r} means different things to different YAML readers",
            why="YAML 1.1 and 1.2 disagree on it",
            mend=f"quote it as '{text}' for a text; else write true, false, 10, 0.5 or 1.0e-3 in full",
            code="SHIP110",
        )
