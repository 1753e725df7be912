"""Plain values as YAML text, in as many styles as the language has for the same values.

What is written here must be read back as the value it was made from: the tests that use it are
about what the reader makes of a value, and not about how people get YAML wrong.
"""

import math
import re
from decimal import Decimal
from random import Random
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9/_.]*([ -][A-Za-z0-9/_.]+)*\Z")
_NOT_A_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def yaml_text(value: Any, chance: Random | None = None, *, whole_as_decimal: bool = False) -> str:
    """A document; without `chance` in one plain style, with it in any, keys shuffled and commented."""
    writer = _Writer(chance, whole_as_decimal=whole_as_decimal)
    text = writer.block(value, 0) + "\n" if _has_block(value) else writer.flow(value) + "\n"
    return writer.pick(text, text.replace("\n", "\r\n"))


def _has_block(value: Any) -> bool:
    return isinstance(value, dict | list | tuple) and len(value) > 0


class _Writer:
    def __init__(self, chance: Random | None, *, whole_as_decimal: bool) -> None:
        self.chance = chance
        self.whole_as_decimal = whole_as_decimal

    def pick(self, usual: str, *others: str) -> str:
        return usual if self.chance is None else self.chance.choice((usual, *others))

    def _asides(self, margin: str) -> str:
        """Blank lines and comments before a line."""
        return self.pick("", "", "", "\n", f"{margin}# an aside: {{at_most: 1}}\n", "# at the margin\n\n")

    def _entries(self, value: dict[str, Any]) -> list[tuple[str, Any]]:
        entries = list(value.items())
        if self.chance is not None:
            self.chance.shuffle(entries)
        return entries

    def block(self, value: Any, depth: int) -> str:
        """A mapping or list over several lines, without the last line's end."""
        margin = "  " * depth
        lines = []
        if isinstance(value, dict):
            for key, item in self._entries(value):
                lines.append(f"{self._asides(margin)}{margin}{self.text(key)}:{self._after(item, depth)}")
        else:
            lines = [f"{self._asides(margin)}{margin}-{self._after(item, depth)}" for item in value]
        return "\n".join(lines)

    def _after(self, item: Any, depth: int) -> str:
        """What follows a key's colon or a dash."""
        if _has_block(item) and self.pick("block", "flow") == "block":
            return self.pick("", " # below") + "\n" + self.block(item, depth + 1)
        if isinstance(item, str) and _is_plain(item) and self.pick("here", "here", "folded") == "folded":
            return f" {self.pick('>-', '|-')}\n{'  ' * (depth + 1)}{item}"
        return f" {self.flow(item)}" + self.pick("", "", " # aside", " ")

    def flow(self, value: Any) -> str:
        """A value in one line."""
        space = self.pick("", " ")
        if isinstance(value, dict):
            inside = ", ".join(f"{self.text(key)}: {self.flow(item)}" for key, item in self._entries(value))
            return f"{{{space}{inside}{space}}}"
        if isinstance(value, list | tuple):
            return f"[{space}{', '.join(self.flow(item) for item in value)}{space}]"
        return self.scalar(value)

    def scalar(self, value: Any) -> str:
        if value is None:
            return self.pick("null", "~", "Null")
        if isinstance(value, bool):
            return self.pick(str(value).lower(), str(value), str(value).upper())
        if isinstance(value, int):
            return self.whole(value)
        if isinstance(value, float):
            return self.decimal(value)
        return self.text(str(value))

    def whole(self, value: int) -> str:
        others = [f"+{value}"] if value >= 0 else []
        if self.whole_as_decimal and abs(value) < 10**15:
            others += [f"{value}.0", f"{value}.00", f"{value}.0e0"]
        return self.pick(str(value), *others)

    def decimal(self, value: float) -> str:
        """A float in full, with zeros behind it, with an exponent; the reader asks for digits around a point."""
        mantissa, _, exponent = f"{value!r}".partition("e")
        point = mantissa if "." in mantissa else f"{mantissa}.0"
        usual = f"{point}e{exponent}" if exponent else point
        others = [f"{point}00e{exponent or '+0'}", f"{point}E{exponent or '0'}"]
        if value and 1e-12 < abs(value) < 1e15:
            others.append(
                f"{Decimal(repr(value)):f}".removesuffix(".0") + (".0" if value.is_integer() else "0")
            )
        if value.is_integer() and self.whole_as_decimal and abs(value) < 10**15:
            others.append(str(int(value)))
        assert all(math.copysign(1, float(t)) == math.copysign(1, value) or value == 0 for t in others)
        assert all(float(text) == value for text in others)
        return self.pick(usual, *others)

    def text(self, value: str) -> str:
        double = '"' + "".join(_escaped(character) for character in value) + '"'
        others = [double]
        if value.isprintable():
            others.append("'" + value.replace("'", "''") + "'")
        if _is_plain(value):
            others.append(value)
        return self.pick(others[-1], *others)


def _is_plain(value: str) -> bool:
    return _PLAIN.match(value) is not None and value.lower() not in _NOT_A_TEXT


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
