"""Where a cursor stands in YAML that is being written, and so is not yet whole.

libyaml composes nothing from a line that is half written, but its scanner reads the tokens before it. What is
open where the cursor stands follows from those: mappings, lists, and the key whose value is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import yaml

_WORD: Final = re.compile(r"[\w./%\u00d7-]+")
_ITEM: Final = "[]"
"""The step into an item of a list, whichever it is."""
_MARK: Final = "x"
"""A letter that makes a word of the place where the cursor stands."""


class Cursor(NamedTuple):
    """What is open where a cursor stands."""

    keys: tuple[str, ...]
    """From the top: the keys whose values are open, `[]` for an item of a list."""
    in_key: bool
    """Whether a key is being written; else a value, or an item of a list of words."""
    siblings: tuple[Mapping[str, str], ...]
    """The scalars already written in each open mapping, outermost first."""
    word: str
    """The word that the cursor stands in or behind."""
    start: int
    end: int
    """Columns of the word in its line, from 0."""


def word_at(line: str, character: int) -> tuple[str, int, int]:
    """The word of a line around a column, and where it begins and ends; empty where there is none."""
    for found in _WORD.finditer(line):
        if found.start() <= character <= found.end():
            return found[0].rstrip("."), found.start(), found.start() + len(found[0].rstrip("."))
    return "", character, character


def cursor_at(text: str, line: int, character: int) -> Cursor | None:
    """What is open at a line and column, both from 0; None in a comment, or where nothing can be told."""
    lines = text.split("\n")
    if line >= len(lines):
        return None
    row = lines[line]
    character = min(character, len(row))
    quote = _open_quote(row[:character])
    if quote is None:
        return None
    word, start, end = word_at(row, character)
    before = "\n".join((*lines[:line], row[:start]))
    ways = (f"{word}{_MARK}{quote}", f"{word}{_MARK}{quote}:")
    # A word alone in its line may yet become a key: the value of the key above would stand behind that one.
    key_first = not row[:start].strip(" \"'") or row[end:].lstrip(quote or None).startswith(":")
    for rest in reversed(ways) if key_first else ways:
        try:
            stack, in_key = _open_at(before + rest)
        except yaml.YAMLError:
            continue
        if stack is not None:
            keys = tuple(step for level in stack for step in level.steps())
            siblings = tuple(level.scalars for level in stack if not level.is_list)
            return Cursor(keys, in_key, siblings, word, start, end)
    return None


def _open_quote(before: str) -> str | None:
    """The quotation mark that is open at the end of a part of a line, if one is; None in a comment."""
    quote = ""
    for index, sign in enumerate(before):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"" and not before[:index].rstrip(" ")[-1:].isalnum():
            quote = sign
        elif sign == "#" and (index == 0 or before[index - 1] in " \t"):
            return None
    return quote


class _Level:
    """An open mapping or list."""

    def __init__(self, *, is_list: bool, hanging: bool = False) -> None:
        self.is_list = is_list
        self.hanging = hanging
        """A list whose dashes stand in the column of the key above: it opens and ends without a token."""
        self.key = ""
        self.scalars: dict[str, str] = {}

    def steps(self) -> Iterator[str]:
        if self.is_list:
            yield _ITEM
        elif self.key:
            yield self.key


def _open_at(text: str) -> tuple[list[_Level] | None, bool]:
    """The levels that are open at the last word of a text, and whether it is a key there.

    Raises:
        yaml.YAMLError: the text cannot be scanned that far.
    """
    scan = _Scan(len(text.rstrip(":")))
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        scan.take(token)
    return scan.found


_MAPPING: Final = (yaml.BlockMappingStartToken, yaml.FlowMappingStartToken)
_LIST: Final = (yaml.BlockSequenceStartToken, yaml.FlowSequenceStartToken)
_END: Final = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


class _Scan:
    """What is open after each token, up to the scalar that reaches an offset."""

    def __init__(self, until: int) -> None:
        self.until = until
        self.stack: list[_Level] = []
        self.is_value = False
        """Whether the next scalar is the value of the innermost mapping's key."""
        self.found: tuple[list[_Level] | None, bool] = (None, False)

    def take(self, token: yaml.Token) -> None:
        """Open or close what a token opens or closes, and keep what a scalar says."""
        if isinstance(token, yaml.ScalarToken):
            self._scalar(token)
        elif isinstance(token, yaml.ValueToken):
            self.is_value = True
            return
        elif isinstance(token, _MAPPING + _LIST):
            self.stack.append(_Level(is_list=isinstance(token, _LIST)))
        elif isinstance(token, _END):
            self._close(hanging=True)
            self._close()
        elif isinstance(token, yaml.BlockEntryToken) and self.stack and not self.stack[-1].is_list:
            self.stack.append(_Level(is_list=True, hanging=True))
        elif isinstance(token, yaml.KeyToken):
            self._close(hanging=True)
        self.is_value = False

    def _close(self, *, hanging: bool = False) -> None:
        if self.stack and (self.stack[-1].hanging or not hanging):
            self.stack.pop()

    def _scalar(self, token: yaml.ScalarToken) -> None:
        level = self.stack[-1] if self.stack else None
        in_key = level is None or (not level.is_list and not self.is_value)
        if token.end_mark.index >= self.until:
            self.found = [_copied(entry) for entry in self.stack], in_key
            if in_key and level is not None and self.found[0]:
                self.found[0][-1].key = ""
        if level is None or level.is_list:
            return
        if in_key:
            level.key = str(token.value)
        level.scalars[level.key] = "" if in_key else str(token.value)


def _copied(level: _Level) -> _Level:
    made = _Level(is_list=level.is_list, hanging=level.hanging)
    made.key, made.scalars = level.key, dict(level.scalars)
    return made


def rows_below(text: str, line: int, column: int) -> dict[str, str]:
    """The keys of a mapping that are written below a line, in the column of the mapping, with their scalars.

    What stands behind the cursor cannot be scanned from the front, and is wanted all the same: a gate's probe
    may be written below its limits.
    """
    found: dict[str, str] = {}
    for row in text.split("\n")[line + 1 :]:
        if row.strip() and len(row) - len(row.lstrip()) < column:
            break
        if match := re.match(rf" {{{column}}}([\w-]+):(?: +([^\s#{{\[]+))?", row):
            found[match[1]] = match[2] or ""
    return found
